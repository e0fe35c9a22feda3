use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::origin::Origin;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use serde_json::Value;
use url::form_urlencoded;

use super::super::refusal::Refusal;
use super::super::request::Request;
use super::super::service::Service;
use super::super::shapes::Operation;

fn recorded(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/aws/recorded").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap()
}

/// The pairs of a form, whatever their order.
fn pairs(form: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

#[test]
fn requests_are_those_of_botocore() {
    for sent in recorded("requests.json") {
        let operation = Operation::find(text(&sent, "service"), text(&sent, "operation")).unwrap();
        let request = Request::new(operation, &sent["input"]).unwrap();
        assert_eq!(request.method, text(&sent, "method"));
        let parts = |path: &str| path.split_once('?').map_or((path.to_owned(), pairs("")), |(path, query)| (path.to_owned(), pairs(query)));
        let (path, query) = parts(text(&sent, "path"));
        let (asked_path, asked_query) = parts(&request.path);
        // AWS takes a slash at the end or leaves it.
        assert_eq!((asked_path.trim_end_matches('/'), asked_query), (path.trim_end_matches('/'), query), "{sent}");
        let plain = |value: &str| value.split(';').next().unwrap().to_owned();
        let headers: BTreeMap<&str, String> = request.headers.iter().map(|(name, value)| (*name, value.clone())).collect();
        let expected = sent["headers"].as_object().unwrap();
        assert_eq!(headers, expected.iter().map(|(name, value)| (name.as_str(), plain(value.as_str().unwrap()))).collect(), "{sent}");
        let body = text(&sent, "body");
        match serde_json::from_str::<Value>(body) {
            Ok(body) => assert_eq!(serde_json::from_str::<Value>(&request.body).unwrap(), body),
            Err(_) => assert_eq!(pairs(&request.body), pairs(body), "{sent}"),
        }
    }
}

#[test]
fn a_service_with_a_protocol_of_its_own_is_not_asked() {
    let error = Request::new(Operation::find("ec2", "DescribeVpcs").unwrap(), &Value::Null).unwrap_err();
    assert_eq!(error.message(), "ec2 DescribeVpcs cannot be asked by ec2");
}

fn service(name: &str) -> &'static Service {
    Operation::all().unwrap().iter().find(|operation| operation.service() == name).unwrap().of_service()
}

#[test]
fn services_are_where_botocore_has_them() {
    let endpoints = recorded("endpoints.json");
    assert!(endpoints.len() > 30);
    for expected in endpoints {
        let endpoint = service(text(&expected, "service")).endpoint_of_aws(text(&expected, "region")).unwrap();
        assert_eq!((endpoint.url.as_str(), endpoint.region.as_str()), (text(&expected, "url"), text(&expected, "signed_for")));
    }
}

/// The settings of a profile or the environment: an address for one service.
#[derive(Debug)]
struct Settings;

impl LoadServiceConfig for Settings {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let asked = (key.service_id(), key.env(), key.profile());
        (asked == ("Elastic Load Balancing v2", "AWS_ENDPOINT_URL", "endpoint_url")).then(|| "http://localhost:2".to_owned())
    }
}

#[test]
fn addresses_of_one_service_come_before_those_of_all_but_not_before_the_option() {
    let url = |config: &SdkConfig, name: &str| service(name).endpoint(config, "eu-west-1").unwrap().url;
    let config = SdkConfig::builder().service_config(Settings).build();
    assert_eq!(url(&config, "elbv2"), "http://localhost:2");
    assert_eq!(url(&config, "iam"), "https://iam.amazonaws.com");
    let of_all = || SdkConfig::builder().service_config(Settings).endpoint_url("http://localhost:1");
    let (mut in_profile, mut by_option) = (of_all(), of_all());
    in_profile.insert_origin("endpoint_url", Origin::shared_profile_file());
    // So the SDK calls what the program itself has set.
    by_option.insert_origin("endpoint_url", Origin::shared_config());
    let (in_profile, by_option) = (in_profile.build(), by_option.build());
    assert_eq!([url(&in_profile, "elbv2"), url(&in_profile, "iam")], ["http://localhost:2", "http://localhost:1"]);
    assert_eq!(url(&by_option, "elbv2"), "http://localhost:1");
}

/// To send a request to a host of the usual kind where another was asked for would be worse than to send none.
#[test]
fn hosts_of_a_kind_that_is_not_known_are_not_guessed() {
    let config = SdkConfig::builder().use_fips(true).build();
    let error = service("elbv2").endpoint(&config, "us-gov-west-1").unwrap_err();
    assert_eq!(error.message(), "the FIPS and dual-stack hosts of elbv2 are not known");
    assert_eq!(error.hint(), Some("name the host: AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2=https://.."));
    let config = SdkConfig::builder().use_dual_stack(true).endpoint_url("http://localhost:1").build();
    assert_eq!(service("elbv2").endpoint(&config, "eu-west-1").unwrap().url, "http://localhost:1");
}

fn refusal(header: Option<&str>, body: &str) -> (Option<String>, Option<String>) {
    let mut response = HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body));
    if let Some(code) = header {
        response.headers_mut().insert("x-amzn-errortype", code.to_owned());
    }
    let refusal = Refusal::read(&response);
    (refusal.code().map(str::to_owned), refusal.message().map(str::to_owned))
}

#[test]
fn refusals_are_read_in_every_form_that_services_use() {
    let told = |code: &str, message: &str| (Some(code.to_owned()), Some(message.to_owned()));
    let xml = "<ErrorResponse xmlns='http://a'><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate &amp; more</Message></Error>\
        <RequestId>r</RequestId></ErrorResponse>";
    assert_eq!(refusal(None, xml), told("Throttling", "Rate & more"));
    assert_eq!(
        refusal(None, r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#),
        told("AccessDeniedException", "no")
    );
    assert_eq!(refusal(None, r#"{"code":"ThrottlingException","message":"slow"}"#), told("ThrottlingException", "slow"));
    let header = Some("TooManyRequestsException:http://internal.amazon.com/coral/");
    assert_eq!(refusal(header, r#"{"message":"slow","__type":"Other"}"#), told("TooManyRequestsException", "slow"));
    for nothing in ["", "{", "<ErrorResponse><Error>", "<html><p>503<br></html>", "[]", r#"{"__type":"","message":null}"#] {
        assert_eq!(refusal(None, nothing), (None, None), "{nothing}");
    }
}
