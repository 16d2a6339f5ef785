//! What kinds do alike: find what is theirs, make it once, delete it until it is gone.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use trueup_model::kind::Mutability;
use trueup_model::snapshot::{Condition, Live, Ownership};
use trueup_model::stack::By;
use trueup_model::value::Values;
use trueup_model::{Kind, Value};
use trueup_provider::{Create, Failure, FailureClass, Host, VISIBLE_AFTER};

use super::Search;
use super::session::{Session, unless_missing};

/// How many client tokens are tried when earlier ones made something that has died since.
const GENERATIONS: u32 = 20;
/// How soon it is looked again whether something shows.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often a create is tried again after a lost answer.
const TRIES: u32 = 3;

/// Makes something that no token and no name protects: before a create whose answer was lost is
/// repeated, what carries our tags is looked up.
pub(crate) async fn create_once<Make>(
    aws: &Session<'_>,
    kind: &'static str,
    request: &Create,
    mut make: impl FnMut() -> Make + Send,
) -> Result<String, Failure>
where
    Make: Future<Output = Result<String, Failure>> + Send,
{
    let mut tries = 0;
    loop {
        tries += 1;
        match make().await {
            Err(failure) if failure.may_have_happened() && tries < TRIES => {
                if !aws.host.rest(VISIBLE_AFTER).await {
                    return Err(failure.interrupted());
                }
                if let Some(id) = find_own(aws, kind, request).await? {
                    return Ok(id);
                }
            }
            other => return other,
        }
    }
}

/// What a create call gave.
pub(crate) struct Made {
    /// Its id.
    pub(crate) id: String,
    /// Whether it is past use: AWS answers a token with what it once made, alive or not.
    pub(crate) is_dead: bool,
}

/// What AWS answers to a token that stood for something else, or for an instance that is gone; see
/// <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html>.
const SPENT: [&str; 2] = ["IdempotentParameterMismatch", "IdempotentInstanceTerminated"];

/// Makes something that a client token protects. A token whose thing has died, or that was used for
/// something else, is spent: the next generation of it is tried.
pub(crate) async fn create_by_token<Make>(
    request: &Create,
    mut make: impl FnMut(String) -> Make + Send,
) -> Result<String, Failure>
where
    Make: Future<Output = Result<Made, Failure>> + Send,
{
    for generation in 0..GENERATIONS {
        let token = match generation {
            0 => request.token.clone(),
            _ => format!("{:.60}-{generation}", request.token),
        };
        match make(token).await {
            Ok(Made { id, is_dead: false }) => return Ok(id),
            Err(failure) if !SPENT.iter().any(|code| failure.is(code)) => return Err(failure),
            Ok(_) | Err(_) => {}
        }
    }
    Err(Failure::new(FailureClass::Internal, "every generation of the client token is spent")
        .help("wait a day: AWS then forgets the tokens"))
}

/// Whether what a token was answered with is past use. AWS may answer with what it said at first, of
/// something that has died since: only a look tells. `look` gives the condition, in whatever state it is.
///
/// What is dead for long is not listed at all, so something that does not show in time counts as dead,
/// too. The next call then makes another: `remove` sees to it that there are not two after all.
pub(crate) async fn is_dead<Look, Remove>(
    host: &dyn Host,
    mut look: impl FnMut() -> Look + Send,
    remove: impl FnOnce() -> Remove + Send,
) -> Result<bool, Failure>
where
    Look: Future<Output = Result<Option<Condition>, Failure>> + Send,
    Remove: Future<Output = Result<(), Failure>> + Send,
{
    let begin = host.now();
    loop {
        if let Some(condition) = look().await? {
            return Ok(matches!(condition, Condition::Deleting(_)));
        }
        if u128::from(host.now().saturating_sub(begin)) >= VISIBLE_AFTER.as_millis() {
            unless_missing(remove().await)?;
            return Ok(true);
        }
        if !host.rest(LOOK_AGAIN_AFTER).await {
            return Err(Failure::new(FailureClass::Interrupted, "interrupted before it was seen"));
        }
    }
}

/// The resource that carries the tags of this very request, if it was made after all. While something
/// is replaced, the old one carries the same tags until it is deleted: what cannot be changed in place
/// tells them apart.
pub(crate) async fn find_own(
    aws: &Session<'_>,
    kind: &'static str,
    request: &Create,
) -> Result<Option<String>, Failure> {
    let Some(stack) = request.ownership.stack.as_deref() else { return Ok(None) };
    let Some(calls) = crate::services::calls(kind) else { return Ok(None) };
    let search = Search { stack, expected: Vec::new(), around: None };
    let found = calls.discover(aws, &search).await?;
    let fixed = crate::services::kinds().into_iter().find(|declared| declared.name == kind);
    let fixed = fixed.map(|declared| fixed_attributes(&declared)).unwrap_or_default();
    let ours = found.into_iter().find(|live| {
        live.ownership.address.as_ref() == Some(&request.address)
            && live.ownership.spec == request.ownership.spec
            && matches!(live.condition, Condition::Ready | Condition::Pending(_))
            && fixed.iter().all(|name| is_as_asked(name, live, request))
    });
    Ok(ours.map(|live| live.id))
}

fn fixed_attributes(kind: &Kind) -> Vec<&'static str> {
    let attributes = kind.attributes.iter();
    let fixed = attributes.filter(|attribute| attribute.mutability == Mutability::Replace);
    fixed.map(|attribute| attribute.name).collect()
}

/// Whether an attribute is as asked, or nothing was asked of it.
fn is_as_asked(name: &str, live: &Live, request: &Create) -> bool {
    let asked = wanted(&request.attributes, name);
    asked.is_none_or(|asked| same_unordered(asked, live.get_attribute(name)))
}

/// Deletes something and waits until it is gone; what is gone already is success.
pub(crate) async fn delete<T, Remove>(
    aws: &Session<'_>,
    kind: &'static str,
    id: &str,
    remove: impl FnOnce() -> Remove + Send,
) -> Result<(), Failure>
where
    T: Send,
    Remove: Future<Output = Result<T, Failure>> + Send,
{
    if unless_missing(remove().await)?.is_none() {
        return Ok(());
    }
    aws.gone(kind, id).await
}

/// The id in a create call's answer.
pub(crate) fn id_of(kind: &str, id: Option<&str>) -> Result<String, Failure> {
    id.map(str::to_owned).ok_or_else(|| {
        Failure::new(FailureClass::Internal, format!("AWS made a {kind} but did not say its id"))
    })
}

/// The wanted attributes that are not yet as wanted.
pub(crate) fn differing(live: &Live, wanted: &Values) -> Vec<String> {
    let differ = wanted.iter().filter(|(name, value)| live.attributes.get(*name) != Some(*value));
    differ.map(|(name, _)| name.clone()).collect()
}

/// Whether both have the same elements; neither has one twice.
pub(crate) fn same_set<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.len() == other.len() && one.iter().all(|element| other.contains(element))
}

/// One resource as it was read; `all_tags` has ours among them.
pub(crate) fn live(
    (kind, id): (&'static str, &str),
    all_tags: BTreeMap<String, String>,
    attributes: Values,
    outputs: Values,
    condition: Condition,
) -> Live {
    let (ownership, tags) = Ownership::split(all_tags);
    Live {
        kind: kind.into(),
        id: id.to_owned(),
        ownership,
        attributes,
        outputs,
        tags,
        condition,
        scheduled: Values::new(),
    }
}

/// Attributes or outputs from pairs.
pub(crate) fn named<const N: usize>(pairs: [(&str, Value); N]) -> Values {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Without those that two searches both found.
pub(crate) fn distinct(found: Vec<Live>) -> Vec<Live> {
    let by_id: BTreeMap<String, Live> =
        found.into_iter().map(|live| (live.id.clone(), live)).collect();
    by_id.into_values().collect()
}

/// The one that a lookup found. Several are an error: choosing one of them would be guessing.
pub(crate) fn only(kind: &str, by: &By, found: Vec<Live>) -> Result<Option<Live>, Failure> {
    let mut found = distinct(found);
    if found.len() > 1 {
        let ids: Vec<&str> = found.iter().map(|live| live.id.as_str()).collect();
        let message = format!("{} of kind {kind} fit {by:?}: {}", found.len(), ids.join(", "));
        return Err(Failure::new(FailureClass::Invalid, message).help("name one by `id`"));
    }
    Ok(found.pop())
}

/// Makes something whose name can exist only once: what has the name already, or was made by a call
/// whose answer was lost, is taken over if it carries our tags, and named as a stranger's if not.
pub(crate) async fn create_named<Make>(
    aws: &Session<'_>,
    kind: &'static str,
    request: &Create,
    name: &str,
    mut make: impl FnMut() -> Make + Send,
) -> Result<(), Failure>
where
    Make: Future<Output = Result<(), Failure>> + Send,
{
    let mut tries = 0;
    loop {
        tries += 1;
        let failure = match make().await {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        let lost = failure.may_have_happened();
        if !lost && failure.class != FailureClass::Exists {
            return Err(failure);
        }
        if lost && !aws.host.rest(VISIBLE_AFTER).await {
            return Err(failure.interrupted());
        }
        let Some(calls) = crate::services::calls(kind) else { return Err(failure) };
        match calls.read(aws, &[name.to_owned()]).await?.pop() {
            Some(live) if is_of(&live, request) => return Ok(()),
            Some(live) => return Err(taken(kind, name, &live)),
            None if lost && tries < TRIES => {}
            None => return Err(failure),
        }
    }
}

/// Whether a resource carries the ownership tags of this request.
pub(crate) fn is_of(live: &Live, request: &Create) -> bool {
    live.ownership.stack == request.ownership.stack
        && live.ownership.address.as_ref() == Some(&request.address)
}

/// Refuses to go on where the stack's tag was taken off, or is another's, since the plan was made: for
/// kinds whose tags the plan may have from the tagging API, which lags behind. What is gone is nobody's.
pub(crate) async fn still_of(
    aws: &Session<'_>,
    kind: &'static str,
    before: &Live,
) -> Result<(), Failure> {
    let Some(calls) = crate::services::calls(kind) else { return Ok(()) };
    let found = calls.read(aws, std::slice::from_ref(&before.id)).await?;
    match found.first() {
        Some(live) if live.ownership.stack != before.ownership.stack => {
            let message = format!("{kind} {} is no longer of this stack", before.id);
            Err(Failure::new(FailureClass::Invalid, message).help("plan again"))
        }
        Some(_) | None => Ok(()),
    }
}

fn taken(kind: &str, name: &str, live: &Live) -> Failure {
    let owner = match (&live.ownership.other, &live.ownership.stack, &live.ownership.address) {
        (Some(other), _, _) => format!("{other} owns it"),
        (None, Some(stack), Some(address)) => format!("it is {address} of stack {stack}"),
        _ => "it carries none of our tags".to_owned(),
    };
    Failure::new(FailureClass::Exists, format!("the {kind} '{name}' exists already: {owner}"))
        .help(format!("give this one another name, or take that one over with `adopt: {name}`"))
}

/// The value of an attribute of a request, if there is one.
pub(crate) fn wanted<'v>(attributes: &'v Values, name: &str) -> Option<&'v Value> {
    attributes.get(name).filter(|value| !value.is_null())
}

/// The text of an attribute of a request.
pub(crate) fn wanted_text(attributes: &Values, name: &str) -> Option<String> {
    wanted(attributes, name).and_then(Value::as_str).map(str::to_owned)
}

/// The truth value of an attribute of a request.
pub(crate) fn wanted_bool(attributes: &Values, name: &str) -> Option<bool> {
    wanted(attributes, name).and_then(Value::as_bool)
}

/// The number of an attribute of a request; what AWS's types cannot hold is a fault of a schema.
pub(crate) fn wanted_int(attributes: &Values, name: &str) -> Option<i32> {
    wanted(attributes, name).and_then(Value::as_int).and_then(|number| i32::try_from(number).ok())
}

/// The texts of a list or set of a request; none where the attribute says nothing.
pub(crate) fn wanted_texts(attributes: &Values, name: &str) -> Option<Vec<String>> {
    wanted(attributes, name).map(Value::strings)
}

/// Whether two values are the same where the order of lists does not count.
pub(crate) fn same_unordered(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(ones), Value::List(others)) => {
            let sorted = |values: &[Value]| {
                let mut sorted: Vec<Value> = values.iter().cloned().map(Value::revealed).collect();
                sorted.sort();
                sorted
            };
            sorted(ones) == sorted(others)
        }
        // What was given as a secret is told back in plain.
        _ => one == other || one.clone().revealed() == other.clone().revealed(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use trueup_provider::{Call, CallOutcome, Until, Verdict};

    use super::*;

    fn check(answers: &[Result<bool, &str>]) -> (Result<String, FailureClass>, Vec<String>) {
        let request = Create {
            address: "nat_gateway.main".parse().unwrap(),
            kind: "nat_gateway".into(),
            attributes: Values::new(),
            tags: BTreeMap::new(),
            ownership: trueup_model::snapshot::Ownership::default(),
            token: "token".to_owned(),
        };
        let (mut tokens, mut answers) = (Vec::new(), answers.iter());
        let created = create_by_token(&request, |token| {
            tokens.push(token);
            let number = tokens.len();
            std::future::ready(match answers.next().unwrap() {
                Ok(is_dead) => Ok(Made { id: format!("nat-{number}"), is_dead: *is_dead }),
                Err(code) => Err(Failure {
                    code: Some((*code).to_owned()),
                    ..Failure::new(FailureClass::Invalid, "no")
                }),
            })
        });
        let created = futures::executor::block_on(created);
        (created.map_err(|failure| failure.class), tokens)
    }

    /// A host whose time passes only while it rests.
    #[derive(Default)]
    struct Resting(std::sync::atomic::AtomicU64);

    #[async_trait::async_trait]
    impl Host for Resting {
        async fn before(&self, _: &Call, _: u32) {}

        fn after(&self, _: &Call, _: u32, _: CallOutcome<'_>) -> Verdict {
            Verdict::Return
        }

        async fn sleep(&self, duration: Duration) {
            let millis = u64::try_from(duration.as_millis()).unwrap();
            self.0.fetch_add(millis, Relaxed);
        }

        fn now(&self) -> u64 {
            self.0.load(Relaxed)
        }

        async fn wait(
            &self,
            _: &trueup_model::KindName,
            _: &str,
            _: Until<'_>,
        ) -> Result<Option<Live>, Failure> {
            unreachable!("nothing waits here")
        }

        fn address(&self) -> Option<&trueup_model::Address> {
            None
        }
    }

    /// Whether it is dead that looks like this from that millisecond on, and whether it was removed.
    fn look_at(condition: Option<&Condition>, from: u64) -> (bool, bool) {
        let (host, removed) = (Resting::default(), std::sync::atomic::AtomicBool::new(false));
        let look = || {
            let seen = condition.filter(|_| host.now() >= from).cloned();
            std::future::ready(Ok(seen))
        };
        let remove = || {
            removed.store(true, Relaxed);
            std::future::ready(Err(Failure::new(FailureClass::Missing, "no such thing")))
        };
        let dead = futures::executor::block_on(is_dead(&host, look, remove)).unwrap();
        (dead, removed.into_inner())
    }

    #[test]
    fn what_is_on_its_way_out_or_never_shows_is_dead() {
        let pending = Condition::Pending("pending".to_owned());
        let failed = Condition::Failed("failed".to_owned());
        let deleted = Condition::Deleting("deleted".to_owned());
        assert_eq!(look_at(Some(&pending), 0), (false, false));
        assert_eq!(look_at(Some(&failed), 0), (false, false), "it says why, and is replaced");
        assert_eq!(look_at(Some(&pending), 7_000), (false, false));
        assert_eq!(look_at(Some(&deleted), 0), (true, false));
        assert_eq!(look_at(None, 0), (true, true));
    }

    #[test]
    fn a_token_whose_thing_is_dead_gets_a_next_generation() {
        assert_eq!(check(&[Ok(false)]), (Ok("nat-1".into()), vec!["token".into()]));
        let gone = check(&[Err("IdempotentInstanceTerminated"), Ok(false)]);
        assert_eq!(gone, (Ok("nat-2".into()), vec!["token".into(), "token-1".into()]));
        let (made, tokens) = check(&[Ok(true), Err("IdempotentParameterMismatch"), Ok(false)]);
        assert_eq!(made.unwrap(), "nat-3");
        assert_eq!(tokens, ["token", "token-1", "token-2"]);
        assert_eq!(check(&[Err("InvalidSubnet")]).0, Err(FailureClass::Invalid));
    }
}
