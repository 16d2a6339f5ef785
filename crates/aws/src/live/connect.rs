//! From the standard AWS chain of credentials and Regions to a provider.

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use trueup_provider::{Failure, FailureClass, Provider};

use super::provider::Aws;
use super::session::{Clients, ReadSource};

/// How to reach AWS; everything left out comes from the environment and `~/.aws`.
#[derive(Default)]
pub struct ConnectOptions {
    /// The Region.
    pub region: Option<String>,
    /// A profile of `~/.aws/config`.
    pub profile: Option<String>,
    /// The ARN of a role to take first.
    pub assume_role: Option<String>,
    /// Another endpoint, for emulators.
    pub endpoint: Option<String>,
}

/// A provider over the official SDK. Makes no call yet, except those of the credential chain.
pub async fn connect(
    options: ConnectOptions,
    read_source: Arc<ReadSource>,
) -> Result<Arc<dyn Provider>, Failure> {
    let config = configuration(options).await?;
    let Some(region) = config.region().map(ToString::to_string) else {
        return Err(Failure::new(FailureClass::Invalid, "no Region is set").help(
            "write `region: us-west-2` in the stack, or set AWS_REGION, or a default in ~/.aws/config",
        ));
    };
    let clients = Clients::new(&config);
    Ok(Arc::new(Aws::new(clients, region, read_source)))
}

async fn configuration(options: ConnectOptions) -> Result<SdkConfig, Failure> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        // The engine retries, with rates that all calls share; see `trueup_provider::Host`.
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts());
    if let Some(profile) = options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = options.region {
        loader = loader.region(Region::new(region));
    }
    if let Some(endpoint) = options.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    let Some(role) = options.assume_role else { return Ok(config) };
    let provider = aws_config::sts::AssumeRoleProvider::builder(role).configure(&config);
    let provider = provider.session_name("trueup").build().await;
    let credentials = aws_sdk_ec2::config::SharedCredentialsProvider::new(provider);
    Ok(config.into_builder().credentials_provider(credentials).build())
}

/// A call that takes longer is taken for lost; zip files of functions are what takes longest.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_mins(1))
        .build()
}
