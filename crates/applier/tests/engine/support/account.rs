//! A scripted account in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};
use trueup_model::snapshot::Wanted;
use trueup_model::value::Values;
use trueup_model::{Address, Condition, KindName, Live, Snapshot, Value};
use trueup_provider::{
    Bucket, Call, Create, Delete, Failure, FailureClass, Host, Identity, Limits, Provider, Safety,
    Until, Update, call,
};

use super::plan::address;
use super::script::{Answer, Script};

/// The account.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) limits: Limits,
    pub(crate) state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) scripts: BTreeMap<Address, Script>,
    pub(crate) things: Vec<Thing>,
    /// The requests as they came.
    pub(crate) creates: Vec<Create>,
    pub(crate) updates: Vec<Update>,
    pub(crate) deletes: Vec<Delete>,
    pub(crate) forgotten: Vec<String>,
    /// The kind and the ids of each poll.
    pub(crate) polls: Vec<(KindName, Vec<String>)>,
    /// What the first polls come to.
    pub(crate) poll_failures: VecDeque<Failure>,
    pub(crate) poll_panics: bool,
    /// When each mutating call arrived, by action.
    pub(crate) arrivals: Vec<(&'static str, Duration)>,
    pub(crate) busy: usize,
    pub(crate) most_busy: usize,
    began: Option<Instant>,
}

pub(crate) struct Thing {
    pub(crate) live: Live,
    visible: Instant,
    ready: Instant,
    ends_as: Condition,
}

impl Account {
    pub(crate) fn new<'a>(scripts: impl IntoIterator<Item = (&'a str, Script)>) -> Self {
        let account = Self::default();
        let scripts = scripts.into_iter().map(|(text, script)| (address(text), script));
        account.state.lock().unwrap().scripts = scripts.collect();
        account
    }

    pub(crate) fn limited(mut self, buckets: &[(&str, u32, f64)]) -> Self {
        let buckets = buckets
            .iter()
            .map(|&(name, burst, per_second)| (name.to_owned(), Bucket { burst, per_second }));
        self.limits = Limits { buckets: buckets.collect() };
        self
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    /// One mutating call by the script of the address; `effect` happens with the call.
    async fn mutate(
        &self,
        host: &dyn Host,
        address: &Address,
        effect: impl Fn(&mut State) + Send + Sync,
    ) -> Result<(), Failure> {
        let (action, safety, time, panics) = self.look(|state| {
            let script = state.scripts.entry(address.clone()).or_default();
            (script.action, script.safety, script.call, script.panics)
        });
        assert!(!panics, "the script of {address} says so");
        self.look(|state| {
            state.busy += 1;
            state.most_busy = state.most_busy.max(state.busy);
        });
        let scripted = match safety {
            Safety::Read => Call::read(action),
            Safety::Repeatable => Call::repeatable(action),
            Safety::Once => Call::once(action),
        };
        let answer = call(host, scripted, async || {
            self.look(|state| {
                let began = *state.began.get_or_insert_with(Instant::now);
                state.arrivals.push((action, began.elapsed()));
            });
            sleep(time).await;
            self.look(|state| {
                match state.scripts.get_mut(address).and_then(|it| it.answers.pop_front()) {
                    Some(Answer::Fails(failure)) => return Err(failure),
                    Some(Answer::IsLost) => {
                        effect(state);
                        return Err(Failure::new(FailureClass::Ambiguous, "connection lost"));
                    }
                    None => effect(state),
                }
                Ok(((), Some(format!("req-{address}"))))
            })
        })
        .await;
        self.look(|state| state.busy -= 1);
        answer
    }

    async fn wait_if_scripted(
        &self,
        host: &dyn Host,
        address: &Address,
        id: &str,
    ) -> Result<Live, Failure> {
        let waits = self.look(|state| state.scripts[address].ready.is_some());
        let read = self.look(|state| state.thing(id).map(|thing| thing.live.clone()));
        if !waits {
            return Ok(read.unwrap());
        }
        Ok(host.wait(&address.kind, id, Until::Ready).await?.unwrap())
    }
}

impl State {
    pub(crate) fn thing(&self, id: &str) -> Option<&Thing> {
        self.things.iter().find(|thing| thing.live.id == id)
    }

    /// Something that was there before.
    pub(crate) fn adopt(&mut self, live: Live) {
        let now = Instant::now();
        self.things.push(Thing { live, visible: now, ready: now, ends_as: Condition::Ready });
    }

    fn make(&mut self, request: &Create) {
        let number = self.things.len();
        let script = &self.scripts[&request.address];
        let id = format!("{}-{number}", request.kind);
        let outputs = [
            ("id".to_owned(), Value::from(id.as_str())),
            ("arn".to_owned(), Value::from(format!("arn:{id}"))),
        ];
        let live = Live {
            kind: request.kind.clone(),
            id,
            ownership: request.ownership.clone(),
            attributes: request.attributes.clone(),
            outputs: outputs.into(),
            tags: request.tags.clone(),
            condition: Condition::Ready,
            scheduled: Values::new(),
        };
        let now = Instant::now();
        let ready = now + script.ready.unwrap_or_default();
        let visible = now + script.visible;
        self.things.push(Thing { live, visible, ready, ends_as: script.ends_as.clone() });
    }
}

#[async_trait]
impl Provider for Account {
    async fn identity(&self, host: &dyn Host) -> Result<Identity, Failure> {
        let identity = Identity {
            account: "123456789012".to_owned(),
            arn: "arn:aws:iam::123456789012:user/test".to_owned(),
            region: "us-west-2".to_owned(),
        };
        call(host, Call::read("sts:GetCallerIdentity"), async || Ok((identity.clone(), None))).await
    }

    async fn observe(&self, host: &dyn Host, wanted: &Wanted) -> Result<Snapshot, Failure> {
        for _ in 0..3 {
            call(host, Call::read("ec2:DescribeThings"), async || {
                let failure = self.look(|state| state.poll_failures.pop_front());
                failure.map_or(Ok(((), None)), Err)
            })
            .await?;
        }
        assert_ne!(wanted.stack, "panics");
        let things = self.look(|state| state.things.iter().map(|it| it.live.clone()).collect());
        Ok(Snapshot { resources: things, ..Snapshot::default() })
    }

    async fn poll(
        &self,
        host: &dyn Host,
        kind: &KindName,
        ids: &[String],
    ) -> Result<BTreeMap<String, Live>, Failure> {
        assert!(!self.look(|state| state.poll_panics), "a poll panics");
        self.look(|state| state.polls.push((kind.clone(), ids.to_vec())));
        if let Some(failure) = self.look(|state| state.poll_failures.pop_front()) {
            return Err(failure);
        }
        call(host, Call::read("ec2:DescribeThings"), async || Ok(((), None))).await?;
        let now = Instant::now();
        Ok(self.look(|state| {
            let seen =
                state.things.iter().filter(|it| now >= it.visible && ids.contains(&it.live.id));
            let as_of_now = seen.map(|thing| {
                let pending = Condition::Pending("creating".to_owned());
                let condition = if now >= thing.ready { thing.ends_as.clone() } else { pending };
                (thing.live.id.clone(), Live { condition, ..thing.live.clone() })
            });
            as_of_now.collect()
        }))
    }

    async fn create(&self, host: &dyn Host, request: &Create) -> Result<Live, Failure> {
        self.look(|state| state.creates.push(request.clone()));
        let mine = |state: &mut State| {
            let mut things = state.things.iter();
            let found = things.find(|it| {
                it.live.ownership.address.as_ref() == Some(&request.address)
                    && it.live.ownership.spec == request.ownership.spec
            });
            found.map(|thing| thing.live.id.clone())
        };
        // As a kind without token or natural key does it: look by tag, make, look again.
        let id = loop {
            let make = |state: &mut State| {
                let repeated = self_repeats(state, request) && mine(state).is_some();
                if !repeated {
                    state.make(request);
                }
            };
            match self.mutate(host, &request.address, make).await {
                Err(failure) if !failure.may_have_happened() => return Err(failure),
                Ok(()) | Err(_) => {}
            }
            if let Some(id) = self.look(mine) {
                break id;
            }
        };
        self.wait_if_scripted(host, &request.address, &id).await
    }

    async fn update(&self, host: &dyn Host, request: &Update) -> Result<Live, Failure> {
        self.look(|state| state.updates.push(request.clone()));
        self.mutate(host, &request.address, |state| {
            let things = state.things.iter_mut();
            for thing in things.filter(|thing| thing.live.id == request.id) {
                thing.live.attributes = request.attributes.clone();
            }
        })
        .await?;
        self.wait_if_scripted(host, &request.address, &request.id).await
    }

    async fn delete(&self, host: &dyn Host, request: &Delete) -> Result<(), Failure> {
        self.look(|state| state.deletes.push(request.clone()));
        let id = &request.before.id;
        self.mutate(host, &request.address, |state| state.things.retain(|it| it.live.id != *id))
            .await?;
        host.wait(&request.address.kind, id, Until::Gone).await?;
        Ok(())
    }

    async fn forget(&self, _: &dyn Host, before: &Live) -> Result<(), Failure> {
        self.look(|state| state.forgotten.push(before.id.clone()));
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.limits.clone()
    }
}

/// Whether the call carries a token, so that the service recognises a repetition.
fn self_repeats(state: &State, request: &Create) -> bool {
    state.scripts[&request.address].safety == Safety::Repeatable
}
