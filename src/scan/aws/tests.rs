use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::shapes::read_table;
use super::types::APIS;
use super::wire::decode_within;
use super::xml::Limits;
use super::*;
use crate::error::{Error, ErrorKind};
use crate::ingest::convert::{Converted, Origin, aws_cli};
use crate::model::{Json, parse_json};

fn find(operation: &str) -> &'static Operation {
    let (service, name) = operation.split_once(' ').unwrap();
    Operation::find(service, name).unwrap()
}

fn text(value: &Json) -> String {
    value.canonical().as_str().to_owned()
}

/// The document of an answer with nothing unknown in it.
fn plain(operation: &str, body: &str) -> String {
    let decoded = decode(find(operation), body.as_bytes()).unwrap();
    assert_eq!(decoded.unknown, []);
    text(&decoded.document)
}

/// The document of an answer, and what is unknown in it: path, what and how often.
fn odd(operation: &str, body: &str) -> (String, Vec<String>) {
    let decoded = decode(find(operation), body.as_bytes()).unwrap();
    (
        text(&decoded.document),
        decoded.unknown.iter().map(|unknown| format!("{} {:?} {}", unknown.path, unknown.what, unknown.count)).collect(),
    )
}

fn refused(operation: &str, body: &[u8]) -> Error {
    decode(find(operation), body).unwrap_err()
}

/// The answer of one VPC.
fn vpc(content: &str) -> String {
    format!(
        r#"<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><vpcSet><item>{content}</item></vpcSet></DescribeVpcsResponse>"#
    )
}

/// The answer of an operation of EC2 with this in its root.
fn ec2(operation: &str, content: &str) -> String {
    format!("<{operation}Response><requestId>r</requestId>{content}</{operation}Response>")
}

fn in_vpc(content: &str) -> String {
    format!(r#"{{"Vpcs":[{{{content}}}]}}"#)
}

fn recorded() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/aws/recorded");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let bodies = paths.filter(|path| path.extension().is_some_and(|extension| extension != "json"));
    let mut bodies: Vec<(String, PathBuf)> = bodies.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path)).collect();
    bodies.sort();
    bodies
}

/// `ec2 DescribeVpcs` of `ec2-DescribeVpcs` and of `ec2-DescribeVpcs-none`.
fn operation_of(stem: &str) -> String {
    let mut words = stem.split('-');
    format!("{} {}", words.next().unwrap(), words.next().unwrap())
}

/// Whether two values are the same: a float that Python printed has other digits than the wire.
fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left == right || left.parse::<f64>().unwrap() == right.parse::<f64>().unwrap(),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.0 == right.0 && same(&left.1, &right.1))
        }
        _ => left == right,
    }
}

#[test]
fn recorded_answers_are_what_boto3_made_of_them() {
    for (stem, path) in recorded() {
        let decoded = decode(find(&operation_of(&stem)), &fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{stem}: {error}"));
        let boto3 = parse_json(fs::read_to_string(path.with_extension("json")).unwrap().as_bytes()).unwrap();
        assert!(same(&decoded.document, &boto3), "{stem}:\n{}\nby boto3:\n{}", text(&decoded.document), text(&boto3));
        assert_eq!(decoded.unknown, [], "{stem}");
    }
}

#[test]
fn all_operations_have_a_recorded_answer() {
    let recorded: Vec<String> = recorded().iter().map(|(stem, _)| operation_of(stem)).collect();
    let name = |operation: &Operation| format!("{} {}", operation.service(), operation.name());
    let without: Vec<String> = Operation::all().unwrap().iter().map(name).filter(|name| !recorded.contains(name)).collect();
    assert_eq!(without, [] as [&str; 0]);
}

/// A type that is listed but not in the table of `ingest/convert`, or not recorded, is found here.
#[test]
fn each_listing_has_a_recorded_answer_that_holds_its_types() {
    let recorded = recorded();
    for api in APIS {
        let name = format!("{} {}", api.service, api.operation);
        let mut types = BTreeSet::new();
        for (stem, path) in recorded.iter().filter(|(stem, _)| operation_of(stem) == name) {
            let document = decode(find(&name), &fs::read(path).unwrap()).unwrap().document;
            let origin =
                Origin { account: Some("123456789012"), region: Some("eu-west-1"), service: Some(api.service), ..Origin::default() };
            let Converted { observations, notes, .. } =
                aws_cli::convert(&document, &origin).unwrap_or_else(|error| panic!("{stem}: {error}"));
            assert_eq!(notes, [] as [&str; 0], "{stem}");
            types.extend(observations.into_iter().map(|draft| draft.resource_type));
        }
        assert_eq!(types, api.types.iter().map(|name| (*name).to_owned()).collect(), "{name}");
    }
}

#[test]
fn absent_and_empty_are_told_apart() {
    assert_eq!(plain("ec2 DescribeVpcs", &ec2("DescribeVpcs", "")), "{}");
    assert_eq!(plain("ec2 DescribeVpcs", &ec2("DescribeVpcs", "<vpcSet/>")), r#"{"Vpcs":[]}"#);
    assert_eq!(plain("ec2 DescribeVpcs", &ec2("DescribeVpcs", "<vpcSet>\n  </vpcSet>")), r#"{"Vpcs":[]}"#);
    let vpc = vpc("<tagSet><item><key>k</key><value/></item><item><key>k</key><value></value></item><item/></tagSet>");
    assert_eq!(plain("ec2 DescribeVpcs", &vpc), in_vpc(r#""Tags":[{"Key":"k","Value":""},{"Key":"k","Value":""},{}]"#));
    assert_eq!(plain("s3 GetBucketLogging", "<BucketLoggingStatus/>"), "{}");
    assert_eq!(plain("s3 GetPublicAccessBlock", "<PublicAccessBlockConfiguration/>"), r#"{"PublicAccessBlockConfiguration":{}}"#);
}

#[test]
fn numbers_keep_their_digits() {
    let offering = |member: &str, text: &str| {
        let content = format!("<reservedInstancesSet><item><{member}>{text}</{member}></item></reservedInstancesSet>");
        plain("ec2 DescribeReservedInstances", &ec2("DescribeReservedInstances", &content))
    };
    let found = |content: &str| format!(r#"{{"ReservedInstances":[{{{content}}}]}}"#);
    assert_eq!(offering("duration", "94608000"), found(r#""Duration":94608000"#));
    assert_eq!(offering("duration", "123456789012345678901234567890"), found(r#""Duration":123456789012345678901234567890"#));
    assert_eq!(offering("instanceCount", "-007"), found(r#""InstanceCount":-7"#));
    assert_eq!(offering("instanceCount", " 000 "), found(r#""InstanceCount":0"#));
    assert_eq!(offering("fixedPrice", "0.0000001000"), found(r#""FixedPrice":0.0000001000"#));
    assert_eq!(offering("usagePrice", "1e3"), found(r#""UsagePrice":1e3"#));
}

#[test]
fn booleans_are_true_and_false() {
    for (wire, json) in [("true", "true"), ("false", "false"), ("", "false")] {
        assert_eq!(plain("ec2 DescribeVpcs", &vpc(&format!("<isDefault>{wire}</isDefault>"))), in_vpc(&format!(r#""IsDefault":{json}"#)));
    }
}

#[test]
fn times_are_printed_as_the_command_line_does() {
    for (wire, json) in [
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01T00:00:00.000Z", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01T10:20:30.5Z", "2026-11-01T10:20:30.500000+00:00"),
        ("2026-11-01T10:20:30.123456789Z", "2026-11-01T10:20:30.123456+00:00"),
        ("2026-11-01T10:20:30.0000004Z", "2026-11-01T10:20:30+00:00"),
        ("2026-11-01T10:20:30+02:00", "2026-11-01T10:20:30+02:00"),
        ("2026-11-01T10:20:30-0330", "2026-11-01T10:20:30-03:30"),
        ("2026-11-01T10:20:30", "2026-11-01T10:20:30"),
        ("2026-11-01", "2026-11-01T00:00:00"),
        ("Sun, 01 Nov 2026 10:20:30 GMT", "2026-11-01T10:20:30+00:00"),
        ("1793528430", "2026-11-01T10:20:30+00:00"),
    ] {
        let body = ec2("DescribeKeyPairs", &format!("<keySet><item><createTime>{wire}</createTime></item></keySet>"));
        assert_eq!(plain("ec2 DescribeKeyPairs", &body), format!(r#"{{"KeyPairs":[{{"CreateTime":"{json}"}}]}}"#), "{wire}");
    }
}

#[test]
fn a_flattened_list_is_as_long_as_its_member_stands_often() {
    let rule = |content: &str| {
        plain("s3 GetBucketLifecycleConfiguration", &format!("<LifecycleConfiguration><Rule>{content}</Rule></LifecycleConfiguration>"))
    };
    assert_eq!(rule("<Transition><Days>1</Days></Transition>"), r#"{"Rules":[{"Transitions":[{"Days":1}]}]}"#);
    assert_eq!(
        rule("<Transition><Days>1</Days></Transition><ID>x</ID><Transition/>"),
        r#"{"Rules":[{"ID":"x","Transitions":[{"Days":1},{}]}]}"#
    );
    assert_eq!(plain("s3 GetBucketLifecycleConfiguration", "<LifecycleConfiguration/>"), "{}");
}

/// Only members in the body are decoded: the scan has to take the others from the response.
#[test]
fn members_in_headers_are_told_by_the_operation() {
    let headers: Vec<(&str, &str)> = find("s3 GetBucketLifecycleConfiguration").headers().collect();
    assert_eq!(headers, [("TransitionDefaultMinimumObjectSize", "x-amz-transition-default-minimum-object-size")]);
    assert_eq!(find("ec2 DescribeVpcs").headers().count(), 0);
}

fn extra(entries: &str) -> String {
    format!(
        "<DescribeListenersResponse><DescribeListenersResult><Listeners><member><DefaultActions><member><AuthenticateOidcConfig>\
        <AuthenticationRequestExtraParams>{entries}</AuthenticationRequestExtraParams></AuthenticateOidcConfig></member></DefaultActions>\
        </member></Listeners></DescribeListenersResult></DescribeListenersResponse>"
    )
}

fn in_extra(entries: &str) -> String {
    format!(r#"{{"Listeners":[{{"DefaultActions":[{{"AuthenticateOidcConfig":{{"AuthenticationRequestExtraParams":{{{entries}}}}}}}]}}]}}"#)
}

#[test]
fn maps_are_objects() {
    let operation = "elbv2 DescribeListeners";
    let entries = "<entry><key>prompt</key><value>login</value></entry><entry><value/><key>a b</key></entry>";
    assert_eq!(plain(operation, &extra(entries)), in_extra(r#""a b":"","prompt":"login""#));
    assert_eq!(plain(operation, &extra("")), in_extra(""));
    let path = "/DescribeListenersResponse/DescribeListenersResult/Listeners/member/DefaultActions/member/AuthenticateOidcConfig/AuthenticationRequestExtraParams";
    let (document, unknown) = odd(operation, &extra("<entry><key>k</key><more/></entry><entry/>"));
    assert_eq!(document, in_extra(r#""":null,"k":null"#));
    assert_eq!(unknown, [format!("{path}/entry Value 2"), format!("{path}/entry/more Element 1")]);
    let (document, unknown) =
        odd(operation, &extra("<entry><key>k</key><value>1</value></entry><entry><key>k</key><value>2</value></entry>"));
    assert_eq!(document, in_extra(r#""k":["1","2"]"#));
    assert_eq!(unknown, [format!("{path}/entry Repeated 1")]);
}

#[test]
fn the_type_of_a_grantee_is_an_attribute() {
    let body = |attributes: &str| {
        format!(
            "<AccessControlPolicy><AccessControlList><Grant><Grantee {attributes}><ID>a</ID></Grantee></Grant></AccessControlList></AccessControlPolicy>"
        )
    };
    let expected = r#"{"Grants":[{"Grantee":{"ID":"a","Type":"Canonical & User"}}]}"#;
    let with_prefix =
        |prefix: &str| body(&format!(r#"xmlns:{prefix}="http://www.w3.org/2001/XMLSchema-instance" {prefix}:type="Canonical &amp; User""#));
    assert_eq!(plain("s3 GetBucketAcl", &with_prefix("xsi")), expected);
    assert_eq!(plain("s3 GetBucketAcl", &with_prefix("i")), expected);
    let (document, unknown) = odd("s3 GetBucketAcl", &body(r#"type="x""#));
    assert_eq!(document, r#"{"Grants":[{"Grantee":{"ID":"a"}}]}"#);
    assert_eq!(unknown, ["/AccessControlPolicy/AccessControlList/Grant/Grantee/@type Attribute 1"]);
}

#[test]
fn a_bucket_in_us_east_1_has_no_location() {
    let location =
        |content: &str| plain("s3 GetBucketLocation", &format!("<LocationConstraint xmlns=\"http://s3\">{content}</LocationConstraint>"));
    assert_eq!(location(""), r#"{"LocationConstraint":null}"#);
    assert_eq!(location("EU"), r#"{"LocationConstraint":"EU"}"#);
    assert_eq!(location("eu-west-1"), r#"{"LocationConstraint":"eu-west-1"}"#);
    assert_eq!(plain("s3 GetBucketLocation", "<LocationConstraint/>"), r#"{"LocationConstraint":null}"#);
}

#[test]
fn policies_of_iam_are_json() {
    let policy = |text: &str| {
        let user = format!(
            "<UserDetailList><member><UserPolicyList><member><PolicyDocument>{text}</PolicyDocument></member></UserPolicyList></member></UserDetailList>"
        );
        let result = format!("<GetAccountAuthorizationDetailsResult>{user}</GetAccountAuthorizationDetailsResult>");
        odd(
            "iam GetAccountAuthorizationDetails",
            &format!("<GetAccountAuthorizationDetailsResponse>{result}</GetAccountAuthorizationDetailsResponse>"),
        )
    };
    let found = |document: &str| format!(r#"{{"UserDetailList":[{{"UserPolicyList":[{{"PolicyDocument":{document}}}]}}]}}"#);
    assert_eq!(policy("%7B%22b%22%3A1.50%2C%22a%22%3A%22+%2B%C3%BC%22%7D"), (found(r#"{"a":"++ü","b":1.50}"#), vec![]));
    for not_json in ["", "plain", "%7B", "%FF", &"%5B".repeat(1000)] {
        let (document, unknown) = policy(not_json);
        assert_eq!(document, found(&format!("{not_json:?}")));
        assert_eq!(unknown.len(), 1, "{unknown:?}");
    }
}

#[test]
fn a_bucket_policy_is_its_body_as_text() {
    let body = "{\"Version\": \"2012-10-17\",\n \"Statement\": []}";
    let decoded = decode(find("s3 GetBucketPolicy"), body.as_bytes()).unwrap();
    assert_eq!(decoded.document.get("Policy").and_then(Json::as_str), Some(body));
    for body in ["", "{", "[]", "<Policy/>", "{} {}"] {
        assert_eq!(refused("s3 GetBucketPolicy", body.as_bytes()).kind(), ErrorKind::Unavailable, "{body}");
    }
}

#[test]
fn json_goes_through_without_its_nulls() {
    let body = r#"{"Functions":[{"FunctionName":"f","KMSKeyArn":null,"LastModified":"2026-11-01T00:00:00.000+0000","CodeSize":1.0,"Layers":[null,{"a":null}]}],"NextMarker":null}"#;
    let expected =
        r#"{"Functions":[{"CodeSize":1.0,"FunctionName":"f","LastModified":"2026-11-01T00:00:00.000+0000","Layers":[null,{}]}]}"#;
    assert_eq!(plain("lambda ListFunctions", body), expected);
    assert_eq!(
        refused("lambda ListFunctions", b"<html/>").to_string(),
        "the answer to lambda ListFunctions: expected a JSON document, found expected value (the body starts with \"<html/>\") at byte 1"
    );
}

#[test]
fn text_is_what_xml_says_it_is() {
    let state = |wire: &str| {
        let decoded = decode(find("ec2 DescribeVpcs"), vpc(&format!("<state>{wire}</state>")).as_bytes()).unwrap();
        let Some(Json::Array(vpcs)) = decoded.document.get("Vpcs") else { panic!("{wire}") };
        vpcs[0].get("State").and_then(Json::as_str).unwrap().to_owned()
    };
    assert_eq!(state("a &lt;b&gt; &amp; &quot;c&quot; &apos;d&apos;"), "a <b> & \"c\" 'd'");
    assert_eq!(state("&#252;&#x20AC;&#x1F600;&#10;"), "ü€😀\n");
    assert_eq!(state("&amp;lt;"), "&lt;");
    assert_eq!(state("a<![CDATA[<b> & ]] &amp;]]>c"), "a<b> & ]] &amp;c");
    assert_eq!(state("a<!-- <b> & --><?pi x?>c"), "ac");
    assert_eq!(state(" \n a \t"), " \n a \t");
    assert_eq!(state("a\r\nb\rc&#13;"), "a\nb\nc\r");
}

#[test]
fn namespaces_prefixes_and_a_byte_order_mark_do_not_matter() {
    let body = "\u{feff}<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<!-- a -->\n<e:DescribeVpcsResponse xmlns:e='http://e'>\
        <e:vpcSet><item xmlns=''><e:state>x</e:state></item></e:vpcSet></e:DescribeVpcsResponse>\n<!-- b -->\n";
    assert_eq!(plain("ec2 DescribeVpcs", body), in_vpc(r#""State":"x""#));
}

#[test]
fn unknown_elements_are_kept_and_told() {
    let path = "/DescribeVpcsResponse/vpcSet/item";
    let (document, unknown) = odd("ec2 DescribeVpcs", &vpc("<state>x</state><new>1</new>"));
    assert_eq!(document, in_vpc(r#""State":"x","new":"1""#));
    assert_eq!(unknown, [format!("{path}/new Element 1")]);

    let (document, unknown) = odd("ec2 DescribeVpcs", &vpc("<new><a>1</a><b><c/></b><a>2</a></new>"));
    assert_eq!(document, in_vpc(r#""new":{"a":["1","2"],"b":{"c":""}}"#));
    assert_eq!(unknown, [format!("{path}/new Element 1")]);

    for (content, expected) in [
        ("<newSet><item>1</item></newSet>", r#"["1"]"#),
        ("<newSet><item><a>1</a></item><item/></newSet>", r#"[{"a":"1"},""]"#),
        ("<newSet><member>1</member></newSet>", r#"["1"]"#),
        ("<newSet><item>1</item><other>2</other></newSet>", r#"{"item":"1","other":"2"}"#),
    ] {
        assert_eq!(odd("ec2 DescribeVpcs", &vpc(content)).0, in_vpc(&format!(r#""newSet":{expected}"#)));
    }

    let twice = ec2("DescribeVpcs", "<vpcSet><item><new/></item><item><new/></item></vpcSet><more/>");
    let (document, unknown) = odd("ec2 DescribeVpcs", &twice);
    assert_eq!(document, r#"{"Vpcs":[{"new":""},{"new":""}],"more":""}"#);
    assert_eq!(unknown, ["/DescribeVpcsResponse/more Element 1".to_owned(), format!("{path}/new Element 2")]);
}

#[test]
fn an_unknown_element_never_takes_the_place_of_a_known_member() {
    let (document, unknown) = odd("ec2 DescribeVpcs", &vpc("<State>new</State><state>known</state>"));
    assert_eq!(document, in_vpc(r#""State":"known","wire:State":"new""#));
    assert_eq!(unknown, ["/DescribeVpcsResponse/vpcSet/item/State Element 1"]);
}

#[test]
fn what_stands_beside_a_result_is_kept_and_told() {
    let result = "<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>";
    let body = format!(
        "<GetCallerIdentityResponse><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>{result}<new>1</new></GetCallerIdentityResponse>"
    );
    let (document, unknown) = odd("sts GetCallerIdentity", &body);
    assert_eq!(document, r#"{"Account":"123456789012","new":"1"}"#);
    assert_eq!(unknown, ["/GetCallerIdentityResponse/new Element 1"]);
}

#[test]
fn values_that_do_not_fit_their_type_are_kept_and_told() {
    let path = "/DescribeVpcsResponse/vpcSet/item";
    for (content, expected, what) in [
        ("<isDefault>maybe</isDefault>", r#""IsDefault":"maybe""#, "/isDefault Value 1"),
        ("<isDefault><a>1</a></isDefault>", r#""IsDefault":{"a":"1"}"#, "/isDefault Value 1"),
        ("<state><a>1</a></state>", r#""State":{"a":"1"}"#, "/state Value 1"),
        ("<tagSet>none</tagSet>", r#""Tags":"none""#, "/tagSet Value 1"),
        ("<tagSet>x<item/></tagSet>", r#""Tags":[{}]"#, "/tagSet Text 1"),
        ("<tagSet><tag><key>k</key></tag></tagSet>", r#""Tags":[{"Key":"k"}]"#, "/tagSet/tag Element 1"),
        ("<tagSet><item>k</item></tagSet>", r#""Tags":["k"]"#, "/tagSet/item Value 1"),
        ("<state>x</state>text", r#""State":"x""#, " Text 1"),
        (r#"<state a="1">x</state>"#, r#""State":"x""#, "/state/@a Attribute 1"),
    ] {
        let (document, unknown) = odd("ec2 DescribeVpcs", &vpc(content));
        assert_eq!(document, in_vpc(expected));
        assert_eq!(unknown, [format!("{path}{what}")]);
    }
    for (member, text) in [("createTime", "soon"), ("createTime", ""), ("createTime", "2026-13-01T00:00:00Z")] {
        let body = ec2("DescribeKeyPairs", &format!("<keySet><item><{member}>{text}</{member}></item></keySet>"));
        let (document, unknown) = odd("ec2 DescribeKeyPairs", &body);
        assert_eq!(document, format!(r#"{{"KeyPairs":[{{"CreateTime":"{text}"}}]}}"#));
        assert_eq!(unknown.len(), 1);
    }
    for text in ["NaN", "Infinity", ".5", "1.", "0x1", "", "1 2", "--1"] {
        let body = ec2(
            "DescribeReservedInstances",
            &format!("<reservedInstancesSet><item><fixedPrice>{text}</fixedPrice></item></reservedInstancesSet>"),
        );
        assert_eq!(odd("ec2 DescribeReservedInstances", &body).0, format!(r#"{{"ReservedInstances":[{{"FixedPrice":"{text}"}}]}}"#));
    }
}

#[test]
fn a_member_that_stands_again_is_an_array() {
    let (document, unknown) = odd("ec2 DescribeVpcs", &vpc("<state>a</state><vpcId>v</vpcId><state>b</state><state>c</state>"));
    assert_eq!(document, in_vpc(r#""State":["a","b","c"],"VpcId":"v""#));
    assert_eq!(unknown, ["/DescribeVpcsResponse/vpcSet/item/state Repeated 2"]);
    let (document, _) = odd("ec2 DescribeVpcs", &vpc("<tagSet/><tagSet><item/></tagSet><tagSet/>"));
    assert_eq!(document, in_vpc(r#""Tags":[[],[{}],[]]"#));
}

#[test]
fn bodies_that_are_no_answer_are_refused() {
    for (body, expected) in [
        ("", "expected <DescribeVpcsResponse>, found the end of the body at byte 1"),
        ("  \n", "expected <DescribeVpcsResponse>, found the end of the body at byte 4"),
        (
            "upstream connect error or disconnect/reset before headers",
            "expected <DescribeVpcsResponse>, found \"upstream connect error or disconnect/res\".. at byte 1",
        ),
        ("{\"a\": 1}", "expected <DescribeVpcsResponse>, found \"{\\\"a\\\": 1}\" at byte 1"),
        ("<html><body>503</body></html>", "expected <DescribeVpcsResponse>, found <html> at byte 1"),
        ("<!DOCTYPE html>\n<html><br></html>", "expected an answer of AWS, found a document type, as of an HTML page at byte 1"),
        ("<Response><Errors/></Response>", "expected <DescribeVpcsResponse>, found <Response> at byte 1"),
        (
            "<DescribeVpcsResponse>text</DescribeVpcsResponse>",
            "expected elements, found nothing but text at byte 27 in /DescribeVpcsResponse",
        ),
        ("<DescribeVpcsResponse><vpcSet>", "expected </vpcSet>, found the end of the body at byte 31 in /DescribeVpcsResponse/vpcSet"),
        ("<DescribeVpcsResponse/><more/>", "expected the end of the body, found <more> at byte 24"),
        ("<DescribeVpcsResponse/>more", "expected the end of the body, found \"more\" at byte 24"),
        (
            "<DescribeVpcsResponse>&nbsp;</DescribeVpcsResponse>",
            "expected one of XML's own entities, found &nbsp; at byte 23 in /DescribeVpcsResponse",
        ),
        ("<DescribeVpcsResponse><1=2/></DescribeVpcsResponse>", "expected an element, found \"<1=2>\" at byte 23 in /DescribeVpcsResponse"),
    ] {
        let error = refused("ec2 DescribeVpcs", body.as_bytes());
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{body}");
        assert_eq!(error.to_string(), format!("the answer to ec2 DescribeVpcs: {expected}"));
        assert!(error.hint().is_some());
    }
    for malformed in [
        "</a>",
        "<a></b>",
        "<a",
        "<a b=c/>",
        "<a b='1' b='2'/>",
        "<a b>1</a>",
        "a & b",
        "&#0;",
        "&#xD800;",
        "<![CDATA[",
        "<!--",
        "<a b='&x;'/>",
    ] {
        let error = refused("ec2 DescribeVpcs", vpc(malformed).as_bytes());
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{malformed}");
        assert!(error.to_string().contains(" at byte "), "{error}");
    }
    assert_eq!(
        refused("ec2 DescribeVpcs", b"<DescribeVpcsResponse>\xff").to_string(),
        "the answer to ec2 DescribeVpcs: expected UTF-8, found other bytes at byte 23"
    );
    assert_eq!(
        refused("sts GetCallerIdentity", b"<GetCallerIdentityResponse><ResponseMetadata/></GetCallerIdentityResponse>").message(),
        "the answer to sts GetCallerIdentity: expected <GetCallerIdentityResult>, found the end of the answer at byte 47 in /GetCallerIdentityResponse"
    );
}

#[test]
fn a_body_that_is_cut_off_is_refused_wherever_it_is_cut() {
    for (stem, path) in recorded() {
        let body = fs::read(&path).unwrap();
        let operation = find(&operation_of(&stem));
        let end = body.trim_ascii_end().len();
        let step = end.div_ceil(200);
        for at in (0..end).step_by(step).chain([end - 1]) {
            let error = decode(operation, &body[..at]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{stem} cut at byte {at}: {error}");
        }
    }
}

#[test]
fn limits_are_named_in_errors() {
    let body = vpc("<new><a><b/></a></new>");
    let within = |limits: Limits| {
        decode_within(find("ec2 DescribeVpcs"), body.as_bytes(), limits).map_err(|error| (error.kind(), error.to_string()))
    };
    let wide = Limits::default();
    let exact = Limits { body_bytes_max: body.len(), elements_max: 7, depth_max: 6 };
    assert!(within(exact).is_ok());
    let refused = |limits: Limits, message: &str| {
        assert_eq!(within(limits), Err((ErrorKind::Invalid, format!("the answer to ec2 DescribeVpcs: {message}"))))
    };
    refused(Limits { body_bytes_max: 10, ..wide }, "expected an answer of at most 10 bytes, found more");
    refused(
        Limits { elements_max: 6, ..exact },
        "expected an answer of at most 6 elements, found more in /DescribeVpcsResponse/vpcSet/item/new/a",
    );
    refused(
        Limits { depth_max: 5, ..exact },
        "expected an answer of at most 5 levels of elements, found more in /DescribeVpcsResponse/vpcSet/item/new/a",
    );
    let deep = decode(find("ec2 DescribeVpcs"), vpc(&"<a>".repeat(1_000_000)).as_bytes()).unwrap_err();
    assert_eq!(deep.kind(), ErrorKind::Invalid);
}

/// The deepest answer is one that can be stored: a flattened list gives two levels of JSON a level of XML.
#[test]
fn the_deepest_answer_is_json_that_can_be_read() {
    let table = r#"{"services":{"s":{"protocol":"rest-xml","operations":{"O":{"root":"r","output":"R"}},
        "shapes":{"R":{"members":{"r":"R[]","p":"policy"}}}}}}"#;
    let [operation] = &*read_table(table).unwrap() else { panic!("one operation") };
    let body = format!("{}<p>{}{}</p>{}", "<r>".repeat(31), "[".repeat(63), "]".repeat(63), "</r>".repeat(31));
    let decoded = decode(operation, body.as_bytes()).unwrap();
    assert_eq!(decoded.unknown, []);
    assert_eq!(parse_json(text(&decoded.document).as_bytes()).unwrap(), decoded.document);
}

#[test]
fn blobs_are_base64() {
    let table = r#"{"services":{"s":{"protocol":"query","operations":{"O":{"root":"r","wrapper":"w","payload":"P","output":"R"}},
        "shapes":{"R":{"members":{"data":"Data blob"}}}}}}"#;
    let [operation] = &*read_table(table).unwrap() else { panic!("one operation") };
    for (wire, json, unknown) in [
        ("aGVsbG8=", "aGVsbG8=", 0),
        ("\naGVs\n bG8=\n", "aGVsbG8=", 0),
        ("", "", 0),
        ("aGVsbG8", "aGVsbG8", 1),
        ("a===", "a===", 1),
        ("a-_=", "a-_=", 1),
    ] {
        let decoded = decode(operation, format!("<r><w><data>{wire}</data></w></r>").as_bytes()).unwrap();
        assert_eq!(text(&decoded.document), format!(r#"{{"P":{{"Data":"{json}"}}}}"#));
        assert_eq!(decoded.unknown.len(), unknown);
    }
}

#[test]
fn tables_that_lead_nowhere_are_refused() {
    let table = |operation: &str, shapes: &str| {
        read_table(&format!(r#"{{"services":{{"s":{{"protocol":"ec2","operations":{{"O":{operation}}},"shapes":{shapes}}}}}}}"#))
            .unwrap_err()
    };
    assert_eq!(table(r#"{"root":"r","output":"R"}"#, "{}"), r#"the table of shapes, service s: O: no shape "R""#);
    assert_eq!(table("{}", r#"{"R":{"list":["item","X"]}}"#), r#"the table of shapes, service s: no shape "X""#);
    assert_eq!(table("{}", "{}"), "the table of shapes, service s: O: expected root and output, root and text, or body");
    assert!(read_table("{}").unwrap_err().starts_with("the table of shapes cannot be read: missing field `services`"));
    let unknown = Operation::find("ec2", "DescribeNothing").unwrap_err();
    assert_eq!((unknown.kind(), unknown.message()), (ErrorKind::NotFound, "the table of shapes has no operation ec2 DescribeNothing"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_body_makes_it_panic(at in any::<prop::sample::Index>(), which in any::<prop::sample::Index>(), bytes in "[<>/&;=\"' a-z\\[\\]!?#\u{0}-\u{ff}-]{0,8}") {
        let bodies = recorded();
        let (stem, path) = which.get(&bodies);
        let mut body = fs::read(path).unwrap();
        let at = at.index(body.len());
        body.splice(at..(at + 3).min(body.len()), bytes.bytes());
        if let Ok(decoded) = decode(find(&operation_of(stem)), &body) {
            let text = text(&decoded.document);
            prop_assert_eq!(parse_json(text.as_bytes()).unwrap(), decoded.document);
        }
    }
}
