//! What people can do about a failure: by its class, and by AWS's code where that says more.

use std::error::Error;

use trueup_provider::FailureClass;

/// Where calls go, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The Region.
    pub(crate) region: &'a str,
    /// Another endpoint than AWS's own.
    pub(crate) endpoint: Option<&'a str>,
}

impl Place<'_> {
    fn of(self, service: &str) -> String {
        match self.endpoint {
            Some(endpoint) => endpoint.to_owned(),
            None => format!("AWS's service {service} in {}", self.region),
        }
    }

    /// How there was no connection.
    pub(super) fn unreachable(self, service: &str, error: &(dyn Error + 'static)) -> String {
        format!("no connection to {}: {}", self.of(service), root(error))
    }
}

/// The innermost cause.
fn root(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    innermost.to_string()
}

/// How credentials could not be loaded, without the layers that it passed through.
pub(super) fn credentials(chain: &str) -> String {
    let flat = chain.split_whitespace().collect::<Vec<&str>>().join(" ");
    let said =
        flat.rsplit_once("dispatch failure: other: ").map_or(flat.as_str(), |(_, said)| said);
    if said.contains("no credentials found in chain") || said.contains("no providers in chain") {
        "no AWS credentials were found in the environment, the profile, SSO, or the machine's role"
            .to_owned()
    } else {
        format!("the AWS credentials cannot be used: {said}")
    }
}

/// What to do.
pub(super) fn advice(class: FailureClass, code: Option<&str>, place: Place<'_>) -> Vec<String> {
    match class {
        FailureClass::Unreachable => unreachable(place),
        FailureClass::Credentials => of_credentials(code, place),
        FailureClass::Denied => vec![
            "the caller lacks this permission: the action is named above, and docs/kinds lists what \
             each kind needs"
                .to_owned(),
        ],
        FailureClass::Quota => vec![
            "raise the quota in the Service Quotas console, or delete what is not used".to_owned(),
        ],
        FailureClass::Capacity => {
            vec!["choose another size or another availability zone".to_owned()]
        }
        FailureClass::Ambiguous | FailureClass::Unavailable => vec![
            "AWS did not answer; run the same command again, it goes on where it stopped".to_owned(),
        ],
        _ => Vec::new(),
    }
}

fn unreachable(place: Place<'_>) -> Vec<String> {
    let first = match place.endpoint {
        Some(_) => "check the endpoint: --endpoint-url, AWS_ENDPOINT_URL, or endpoint_url in the \
                    profile; does it run, and is it the right port?"
            .to_owned(),
        None => format!(
            "check the Region: is {} one? It comes from the stack, --region, AWS_REGION, or the \
             profile",
            place.region
        ),
    };
    vec![first, "check the network: names, VPN, firewall, HTTPS_PROXY".to_owned()]
}

fn of_credentials(code: Option<&str>, place: Place<'_>) -> Vec<String> {
    let advice = match code {
        Some(
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "InvalidAccessKeyId"
            | "AuthFailure",
        ) => {
            let region = place.region;
            return vec![
                "AWS does not know this access key: it is mistyped, deleted or inactive, or it is a \
                 temporary one whose AWS_SESSION_TOKEN is missing; 'aws sts get-caller-identity' \
                 shows whose credentials are in use"
                    .to_owned(),
                format!("if the key is good: {region} must be enabled for the account"),
            ];
        }
        Some("SignatureDoesNotMatch") => {
            "the secret access key does not belong to the access key; copy it again"
        }
        Some("ExpiredToken" | "ExpiredTokenException") => {
            "the credentials have expired: sign in again ('aws sso login'), or take new ones"
        }
        Some("RequestExpired") => {
            "the machine's clock is wrong: set it, then run the command again"
        }
        Some("OptInRequired") => {
            "the account is not subscribed to this service, or the Region is not enabled for it"
        }
        _ => {
            "name a profile (AWS_PROFILE, --profile), sign in ('aws sso login'), or set \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        }
    };
    vec![advice.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_credentials_says_what_to_do() {
        let place = Place { region: "us-west-2", endpoint: None };
        let check = |code| of_credentials(code, place).join("; ");
        for unknown in ["InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"] {
            assert!(check(Some(unknown)).contains("does not know this access key"));
        }
        assert!(check(Some("SignatureDoesNotMatch")).contains("secret access key"));
        assert!(check(Some("ExpiredToken")).contains("expired"));
        assert!(check(Some("RequestExpired")).contains("clock"));
        assert!(check(None).contains("--profile"));
    }

    #[test]
    fn the_layers_of_a_failed_chain_are_left_out() {
        let none =
            "dispatch failure: other: no credentials found in chain. Attempted:\n  Profile: x";
        assert!(credentials(none).starts_with("no AWS credentials were found in the environment"));
        assert_eq!(
            credentials("dispatch failure: other: profile `x`\n was not defined: credentials"),
            "the AWS credentials cannot be used: profile `x` was not defined: credentials"
        );
    }
}
