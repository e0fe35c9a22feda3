use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::shapes::read_table;
use super::wire::decode_within;
use super::xml::Limits;
use super::*;
use crate::error::ErrorKind;
use crate::model::{Json, parse_json};

/// Whether two values are the same: a float that boto3 printed has other digits than the wire.
fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left == right || left.parse::<f64>().unwrap() == right.parse::<f64>().unwrap(),
        (Json::Array(left), Json::Array(right)) => left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right)),
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.0 == right.0 && same(&left.1, &right.1))
        }
        _ => left == right,
    }
}

#[test]
fn recorded_answers_are_what_boto3_made_of_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/aws/recorded");
    let mut compared = BTreeMap::<String, usize>::new();
    let bodies = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut bodies: Vec<PathBuf> = bodies.filter(|path| path.extension().is_some_and(|extension| extension == "xml")).collect();
    bodies.sort();
    for path in bodies {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let mut words = stem.splitn(3, '-');
        let operation = Operation::find(words.next().unwrap(), words.next().unwrap()).unwrap();
        let decoded = decode(operation, &fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{stem}: {error}"));
        let boto3 = parse_json(fs::read_to_string(path.with_extension("json")).unwrap().trim_end().as_bytes()).unwrap();
        println!("{stem} {:?}", decoded.unknown);
        if !same(&decoded.document, &boto3) { println!("{stem}:\n{}\n{}", decoded.document.canonical().as_str(), boto3.canonical().as_str()); }
        *compared.entry(operation.service().to_owned()).or_default() += 1;
    }
}
