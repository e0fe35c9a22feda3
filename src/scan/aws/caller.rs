//! Calls of services for which no client was generated: any operation of the query, JSON and REST-JSON protocols.
//!
//! Credentials, signatures, retries, time-outs and connections are those of the SDK's own runtime, set as its generated
//! clients set them. Only the text of the request and the host's name are Elava's, and the answer is its body.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::defaults::{DefaultPluginParams, default_plugins};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::endpoints::{StaticUriEndpointResolver, StaticUriEndpointResolverParams};
use aws_smithy_runtime::client::orchestrator::invoke;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime::client::stalled_stream_protection::StalledStreamProtectionInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::{StaticAuthSchemeOptionResolver, StaticAuthSchemeOptionResolverParams};
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::interceptors::context::{Error as AnyError, Input, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{RuntimePlugins, StaticRuntimePlugin};
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer};
use aws_smithy_types::config_bag::{ConfigBag, FrozenLayer, Layer};
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use serde_json::Value;

use super::call::{Answer, Wire};
use super::refusal::Refusal;
use super::request::Request;
use super::service::{Endpoint, Service};
use super::shapes::Operation;
use crate::error::Result;
use crate::scan::provider::{Failure, Reason};

#[cfg(test)]
mod tests;

/// A client of one service in one region.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    plugins: RuntimePlugins,
}

impl Caller {
    /// One with the credentials, limits and connections of a configuration.
    ///
    /// # Errors
    /// As [`Service::endpoint`].
    pub(super) fn new(config: &SdkConfig, service: &'static Service, region: &str) -> Result<Self> {
        let endpoint = service.endpoint(config, region)?;
        let defaults = DefaultPluginParams::new()
            .with_retry_partition_name(format!("{}-{region}", service.name))
            .with_behavior_version(config.behavior_version().unwrap_or_else(BehaviorVersion::latest))
            .with_is_aws_sdk(true);
        let own = StaticRuntimePlugin::new()
            .with_config(settings(config, service, &endpoint))
            .with_runtime_components(components(config, &endpoint));
        Ok(Self { plugins: RuntimePlugins::new().with_client_plugins(default_plugins(defaults)).with_client_plugin(own) })
    }

    /// Calls an operation of the service; `input` is an object with its parameters.
    pub(super) async fn call(&self, operation: &Operation, input: &Value) -> std::result::Result<Answer, Failure> {
        let request = Request::new(operation, input).map_err(|error| Failure::new(Reason::Unreachable, error, 0))?;
        let wire = Wire::default();
        let mut named = Layer::new("call");
        named.store_put(Metadata::new(operation.name().to_owned(), operation.service().to_owned()));
        let once = StaticRuntimePlugin::new()
            .with_config(named.freeze())
            .with_runtime_components(RuntimeComponentsBuilder::new("call").with_interceptor(wire.clone()));
        let plugins = self.plugins.clone().with_operation_plugin(once);
        let sent = invoke(operation.service(), operation.name(), Input::erase(request), &plugins).await;
        wire.answer(sent.map_err(|error| error.map_service_error(|refusal| refusal.downcast::<Refusal>().unwrap_or_default())))
    }
}

/// What the runtime is to know of a service, and what was configured.
fn settings(config: &SdkConfig, service: &'static Service, endpoint: &Endpoint) -> FrozenLayer {
    let mut layer = Layer::new("caller");
    layer.store_put(SharedRequestSerializer::new(Text));
    layer.store_put(SharedResponseDeserializer::new(Text));
    layer.store_put(AuthSchemeOptionResolverParams::from(StaticAuthSchemeOptionResolverParams::new()));
    layer.store_put(EndpointResolverParams::from(StaticUriEndpointResolverParams::new()));
    layer.store_put(SigV4OperationSigningConfig::default());
    layer.store_put(SigningName::from(&*service.signing));
    layer.store_put(SigningRegion::from(Region::new(endpoint.region.clone())));
    layer.store_put(ApiMetadata::new(&service.endpoint, env!("CARGO_PKG_VERSION")));
    layer.store_or_unset(config.app_name().cloned());
    if let Some(retries) = config.retry_config() {
        layer.store_put(retries.clone());
    }
    if let Some(times) = config.timeout_config() {
        layer.store_put(times.clone());
    }
    if let Some(protection) = config.stalled_stream_protection() {
        layer.store_put(protection);
    }
    layer.freeze()
}

/// The parts of the runtime: those of the configuration, and those that every client of AWS has.
fn components(config: &SdkConfig, endpoint: &Endpoint) -> RuntimeComponentsBuilder {
    let mut parts = RuntimeComponentsBuilder::new("caller")
        .with_http_client(config.http_client())
        .with_sleep_impl(config.sleep_impl())
        .with_time_source(config.time_source())
        .with_identity_cache(config.identity_cache())
        .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri(&endpoint.url)))
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
        .with_interceptor(ConnectionPoisoningInterceptor::new())
        .with_interceptor(StalledStreamProtectionInterceptor::default())
        .with_interceptor(ServiceClockSkewInterceptor::new())
        .with_interceptor(RequestInfoInterceptor::new())
        .with_interceptor(UserAgentInterceptor::new())
        .with_interceptor(InvocationIdInterceptor::new())
        .with_retry_classifier(TransientErrorClassifier::<Refusal>::new())
        .with_retry_classifier(HttpStatusCodeClassifier::default())
        .with_retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
        .with_retry_classifier(ServiceClockSkewClassifier::<Refusal>::new());
    if let Some(credentials) = config.credentials_provider() {
        parts.set_identity_resolver(SCHEME_ID, credentials);
    }
    parts
}

/// Sends a [`Request`] as it is, and leaves the body of an answer alone: [`Wire`] keeps that.
#[derive(Debug)]
struct Text;

impl SerializeRequest for Text {
    fn serialize_input(&self, input: Input, _: &mut ConfigBag) -> std::result::Result<HttpRequest, BoxError> {
        let request = input.downcast::<Request>().map_err(|_| "expected a request")?;
        request.to_http()
    }
}

impl DeserializeResponse for Text {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> std::result::Result<Output, OrchestratorError<AnyError>> {
        if response.status().is_success() {
            Ok(Output::erase(()))
        } else {
            Err(OrchestratorError::operation(AnyError::erase(Refusal::read(response))))
        }
    }
}
