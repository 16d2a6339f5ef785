//! An AWS whose every answer a test gives, for calls in an order that no emulator shows: reads that
//! are behind, answers that are lost, refusals in the middle.
//!
//! Time is virtual: it passes only while something sleeps or waits.

mod addresses;
mod balancers;
mod disks;
mod flow_logs;
mod lookups;
mod scenes;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use trueup_model::snapshot::{Condition, Live, Ownership};
use trueup_model::value::Values;
use trueup_model::{Address, KindName};
use trueup_provider::{
    Call, CallOutcome, Create, Delete, Failure, FailureClass, Host, Safety, Until, Update, Verdict,
};

use super::session::{Clients, ReadSource, Session};
use super::strangers::Strangers;
use super::tagging::Tagged;

/// Between two looks at what is waited for, and before a call is tried again.
const PAUSE: Duration = Duration::from_secs(2);
/// For how long something is waited for or tried.
const PATIENCE: u64 = 600_000;

/// Of EC2's API, whose refusals look otherwise than those of all others.
const EC2_VERSION: &str = "2016-11-15";

/// Where the protocols with JSON say what is called.
const TARGET: &str = "x-amz-target";

/// One call of a query protocol (EC2, ELB, RDS, IAM), or of one with JSON (the tagging API).
pub(crate) struct Asked {
    pub(crate) action: String,
    /// As they are on the wire: `Filter.1.Name`. None of JSON.
    pub(crate) parameters: BTreeMap<String, String>,
}

impl Asked {
    pub(crate) fn get(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }
}

/// What a test answers.
pub(crate) enum Answer {
    /// What stands within `<ActionResponse>`.
    Xml(String),
    /// The answer of a protocol with JSON.
    Json(serde_json::Value),
    /// AWS's code and message.
    Refused(&'static str, &'static str),
    /// It took effect, and the answer never came.
    Lost,
}

impl Answer {
    /// A change that worked.
    pub(crate) fn done() -> Self {
        Self::Xml("<return>true</return>".to_owned())
    }

    pub(crate) fn xml(text: impl Into<String>) -> Self {
        Self::Xml(text.into())
    }
}

type Script = Box<dyn FnMut(&Asked) -> Answer + Send>;

/// The account, and the host of what runs in it.
pub(crate) struct Stage {
    clients: Clients,
    /// The calls that changed something, in order.
    changes: Arc<Mutex<Vec<String>>>,
    now: AtomicU64,
}

impl Stage {
    pub(crate) fn new(script: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        let changes = Arc::new(Mutex::new(Vec::new()));
        let connector = SharedHttpConnector::new(Connector {
            script: Mutex::new(Box::new(script)),
            changes: Arc::clone(&changes),
        });
        let keys = Credentials::new("id", "key", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-west-2"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Self { clients: Clients::new(&config), changes, now: AtomicU64::new(0) }
    }

    /// Runs calls in it, and gives what came of them.
    pub(crate) fn run<T>(&self, calls: impl AsyncFnOnce(&Session<'_>) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (tagged, source) = (Tagged::default(), no_source());
            calls(&self.session(&tagged, &source)).await
        })
    }

    /// The calls that changed something, in order.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.changes.lock().unwrap().clone()
    }

    fn session<'a>(&'a self, tagged: &'a Tagged, read_source: &'a Arc<ReadSource>) -> Session<'a> {
        Session {
            clients: &self.clients,
            host: self,
            region: "us-west-2",
            account: "111111111111",
            tagged,
            strangers: Strangers::default(),
            read_source,
        }
    }
}

fn no_source() -> Arc<ReadSource> {
    Arc::new(|path| Err(format!("no {path}")))
}

#[async_trait]
impl Host for Stage {
    async fn before(&self, _: &Call, _: u32) {}

    fn after(&self, call: &Call, _: u32, outcome: CallOutcome<'_>) -> Verdict {
        let CallOutcome::Failed { failure, .. } = outcome else { return Verdict::Return };
        let passes = match failure.class {
            FailureClass::NotYet | FailureClass::Throttled | FailureClass::Draining => true,
            FailureClass::Conflict => !call.returns_conflicts,
            FailureClass::Ambiguous => call.safety == Safety::Repeatable,
            _ => false,
        };
        if passes && self.now() < PATIENCE { Verdict::RetryAfter(PAUSE) } else { Verdict::Return }
    }

    async fn sleep(&self, duration: Duration) {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap();
        self.now.fetch_add(milliseconds, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    async fn wait(
        &self,
        kind: &KindName,
        id: &str,
        until: Until<'_>,
    ) -> Result<Option<Live>, Failure> {
        let (tagged, source) = (Tagged::default(), no_source());
        let calls = crate::services::calls(kind.as_str()).unwrap();
        let give_up = self.now() + PATIENCE;
        let mut was_seen = false;
        while self.now() < give_up {
            let session = self.session(&tagged, &source);
            let live = calls.read(&session, &[id.to_owned()]).await?.pop();
            was_seen |= live.is_some();
            let ready = live.as_ref().filter(|live| live.condition == Condition::Ready);
            let satisfied = match until {
                Until::Ready => ready.is_some(),
                Until::Gone => live.is_none(),
                Until::Shows(shows) => ready.is_some_and(shows),
                Until::Holds(holds) => holds(live.as_ref()),
            };
            if satisfied {
                return Ok(live);
            }
            self.sleep(PAUSE).await;
        }
        let class = if was_seen { FailureClass::TimedOut } else { FailureClass::Missing };
        Err(Failure::new(class, format!("{kind} {id} is not as wanted")))
    }

    fn address(&self) -> Option<&Address> {
        None
    }
}

struct Connector {
    script: Mutex<Script>,
    changes: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = asked(&request);
        if !["Describe", "Get", "List"].iter().any(|read| asked.action.starts_with(read)) {
            self.changes.lock().unwrap().push(asked.action.clone());
        }
        let answer = (self.script.lock().unwrap())(&asked);
        let (status, body) = match answer {
            Answer::Xml(inner) => {
                let action = &asked.action;
                (200, format!("<{action}Response>{inner}</{action}Response>"))
            }
            Answer::Json(body) => (200, body.to_string()),
            Answer::Refused(code, message) if request.headers().contains_key(TARGET) => {
                (400, serde_json::json!({ "__type": code, "message": message }).to_string())
            }
            Answer::Refused(code, message) => {
                let error = format!("<Code>{code}</Code><Message>{message}</Message>");
                let is_ec2 = asked.get("Version") == EC2_VERSION;
                let response = if is_ec2 {
                    format!("<Response><Errors><Error>{error}</Error></Errors></Response>")
                } else {
                    format!("<ErrorResponse><Error>{error}</Error></ErrorResponse>")
                };
                (400, response)
            }
            Answer::Lost => {
                let error = aws_smithy_runtime_api::client::result::ConnectorError::io;
                return HttpConnectorFuture::ready(Err(error("cut off".into())));
            }
        };
        let status = u16::try_from(status).unwrap().try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

fn asked(request: &HttpRequest) -> Asked {
    let body = std::str::from_utf8(request.body().bytes().unwrap_or_default()).unwrap();
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let parameters: BTreeMap<String, String> =
        pairs.map(|(name, value)| (decode(name), decode(value))).collect();
    let target = request.headers().get(TARGET).and_then(|target| target.rsplit('.').next());
    let action = parameters.get("Action").cloned().or_else(|| target.map(str::to_owned));
    Asked { action: action.unwrap_or_default(), parameters }
}

fn values(json: serde_json::Value) -> Values {
    trueup_model::Value::from(json).as_map().cloned().unwrap_or_default()
}

fn ownership(address: &Address) -> Ownership {
    Ownership {
        stack: Some("shop".to_owned()),
        address: Some(address.clone()),
        spec: Some("spec".to_owned()),
        ..Ownership::default()
    }
}

/// Of `subnet.main` of the stack `shop`.
pub(crate) fn create(address: &str, attributes: serde_json::Value) -> Create {
    let address: Address = address.parse().unwrap();
    Create {
        kind: address.kind.clone(),
        attributes: values(attributes),
        tags: BTreeMap::new(),
        ownership: ownership(&address),
        token: "token".to_owned(),
        address,
    }
}

/// What is there of `subnet.main` of the stack `shop`.
pub(crate) fn live(address: &str, id: &str, attributes: serde_json::Value) -> Live {
    let address: Address = address.parse().unwrap();
    Live {
        kind: address.kind.clone(),
        id: id.to_owned(),
        ownership: ownership(&address),
        attributes: values(attributes),
        outputs: [("id".to_owned(), id.into())].into(),
        tags: BTreeMap::new(),
        condition: Condition::Ready,
        scheduled: Values::new(),
    }
}

/// A change of what is there, of these attributes, to these.
pub(crate) fn update(before: Live, wanted: serde_json::Value) -> Update {
    let wanted = values(wanted);
    Update {
        address: before.ownership.address.clone().unwrap(),
        kind: before.kind.clone(),
        id: before.id.clone(),
        changed: wanted.keys().cloned().collect(),
        attributes: wanted,
        tags: BTreeMap::new(),
        ownership: before.ownership.clone(),
        before,
    }
}

/// The deletion of what is there.
pub(crate) fn delete(before: Live) -> Delete {
    let address = before.ownership.address.clone().unwrap();
    Delete { address, before, final_snapshot: false }
}

/// The tags of `address` of the stack `shop`, as EC2 describes them.
pub(crate) fn tags(address: &str) -> String {
    let tags = ownership(&address.parse().unwrap()).to_tags();
    let item = |(key, value): (&String, &String)| {
        format!("<item><key>{key}</key><value>{value}</value></item>")
    };
    format!("<tagSet>{}</tagSet>", tags.iter().map(item).collect::<String>())
}
