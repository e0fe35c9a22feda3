//! Steps of time in the manifest's JSON. There is one for each time at which anything was observed, many for each scan: so they
//! are one list of numbers, revision and time in turn, each as the difference from the one before. Older manifests have a list
//! of objects; it is read as well.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

use super::index::TimeStep;

const NONE: TimeStep = TimeStep { revision: 0, at: 0 };

pub(super) fn serialize<S: Serializer>(steps: &[TimeStep], serializer: S) -> Result<S::Ok, S::Error> {
    let before = std::iter::once(&NONE).chain(steps);
    serializer.collect_seq(steps.iter().zip(before).flat_map(|(step, before)| [step.revision - before.revision, step.at - before.at]))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TimeStep>, D::Error> {
    deserializer.deserialize_seq(Steps)
}

struct Steps;

impl<'de> Visitor<'de> for Steps {
    type Value = Vec<TimeStep>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("steps of time")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut steps, mut last) = (Vec::new(), NONE);
        while let Some(next) = list.next_element::<Element>()? {
            last = match next {
                Element::Step(step) => step,
                Element::Number(revisions) => {
                    let time: i64 = list.next_element()?.ok_or_else(|| A::Error::custom("a step of time lacks its time"))?;
                    let step = last.revision.checked_add(revisions).zip(last.at.checked_add(time));
                    let (revision, at) = step.ok_or_else(|| A::Error::custom("a step of time is out of range"))?;
                    TimeStep { revision, at }
                }
            };
            steps.push(last);
        }
        Ok(steps)
    }
}

/// An element of either list.
enum Element {
    Number(i64),
    Step(TimeStep),
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnElement)
    }
}

struct AnElement;

impl<'de> Visitor<'de> for AnElement {
    type Value = Element;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a step of time")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Element, E> {
        Ok(Element::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Element, E> {
        i64::try_from(number).map(Element::Number).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, step: A) -> Result<Element, A::Error> {
        TimeStep::deserialize(MapAccessDeserializer::new(step)).map(Element::Step)
    }
}

#[cfg(test)]
#[test]
fn steps_are_read_as_they_were_written_and_as_older_manifests_have_them() {
    #[derive(Debug, PartialEq, serde::Serialize, Deserialize)]
    struct Index(#[serde(with = "super::packed")] Vec<TimeStep>);
    let step = |revision, at| TimeStep { revision, at };
    let index = Index(vec![step(3, 1_700_000_000_000_000), step(4, 1_700_000_000_000_007), step(900, 1_700_003_600_000_000)]);
    let text = serde_json::to_string(&index).unwrap();
    assert_eq!(text, "[3,1700000000000000,1,7,896,3599999993]");
    assert_eq!(serde_json::from_str::<Index>(&text).unwrap(), index);
    let older = r#"[{"revision":3,"at":1700000000000000},{"revision":4,"at":1700000000000007},{"revision":900,"at":1700003600000000}]"#;
    assert_eq!(serde_json::from_str::<Index>(older).unwrap(), index);
    assert_eq!(serde_json::from_str::<Index>("[]").unwrap(), Index(Vec::new()));
    for wrong in ["[1]", "[1,2,3]", "[1,\"a\"]", "[{\"revision\":1}]", "[1,9223372036854775807,1,1]", "7"] {
        assert!(serde_json::from_str::<Index>(wrong).is_err(), "{wrong}");
    }
}
