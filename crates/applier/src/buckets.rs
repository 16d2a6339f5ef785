//! Token buckets: calls are spaced before AWS has to refuse them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use trueup_provider::{Bucket, Call, Limits};

use crate::guard::lock;

/// All buckets of a provider. Where calls must queue, the longest remaining path goes first.
pub(crate) struct Limiter {
    services: BTreeMap<String, Arc<Service>>,
    // Dropping it ends the tasks that hand out tokens.
    _servers: JoinSet<()>,
}

/// The buckets of one service and who waits for them.
struct Service {
    /// Rates by action, or by the beginning of actions: `ec2:Describe*`.
    rates: Vec<(String, Bucket)>,
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Default)]
struct Queue {
    buckets: Vec<Tokens>,
    /// The bucket of each action that was called.
    own: BTreeMap<&'static str, usize>,
    /// The bucket of all calls of the service.
    shared: Option<usize>,
    waiting: BTreeMap<(Reverse<u64>, u64), Waiting>,
    arrivals: u64,
}

struct Waiting {
    needs: Vec<usize>,
    grant: Option<oneshot::Sender<()>>,
}

/// One bucket.
struct Tokens {
    limit: Bucket,
    left: f64,
    filled: Instant,
    /// The part of the rate that AWS lets us have: others call the same account.
    share: f64,
    slowed: Option<Instant>,
}

impl Limiter {
    /// Full buckets. Must be called within a tokio runtime.
    pub(crate) fn new(limits: Limits) -> Self {
        let mut by_service: BTreeMap<String, Vec<(String, Bucket)>> = BTreeMap::new();
        for (name, bucket) in limits.buckets {
            let service = name.split_once(':').map_or(name.as_str(), |(service, _)| service);
            by_service.entry(service.to_owned()).or_default().push((name, bucket));
        }
        let mut servers = JoinSet::new();
        let services = by_service.into_iter().map(|(name, buckets)| {
            let service = Arc::new(Service::new(buckets));
            servers.spawn(serve(Arc::clone(&service)));
            (name, service)
        });
        Self { services: services.collect(), _servers: servers }
    }

    /// A token for the call: at once (`None`), or when the answer comes.
    pub(crate) fn ask(&self, call: &Call, priority: u64) -> Option<oneshot::Receiver<()>> {
        let service = self.services.get(call.service())?;
        let mut queue = lock(&service.queue);
        let needs = service.needs(&mut queue, call.action);
        if needs.is_empty() {
            return None;
        }
        let (grant, mut granted) = oneshot::channel();
        queue.arrivals += 1;
        let place = (Reverse(priority), queue.arrivals);
        queue.waiting.insert(place, Waiting { needs, grant: Some(grant) });
        queue.hand_out(Instant::now());
        if granted.try_recv().is_ok() {
            return None;
        }
        service.changed.notify_one();
        Some(granted)
    }

    /// AWS refused a call as too fast: its bucket gives less from now on.
    pub(crate) fn slow(&self, call: &Call) {
        self.bucket(call, Tokens::slow);
    }

    /// A call went through: a bucket that was slowed recovers a little.
    pub(crate) fn recover(&self, call: &Call) {
        self.bucket(call, |tokens, _| tokens.recover());
    }

    fn bucket(&self, call: &Call, change: impl FnOnce(&mut Tokens, Instant)) {
        let Some(service) = self.services.get(call.service()) else { return };
        let mut queue = lock(&service.queue);
        if let Some(&most_specific) = service.needs(&mut queue, call.action).first() {
            change(&mut queue.buckets[most_specific], Instant::now());
        }
    }
}

impl Service {
    fn new(rates: Vec<(String, Bucket)>) -> Self {
        let mut queue = Queue::default();
        if let Some((_, limit)) = rates.iter().find(|(name, _)| name.ends_with(":!")) {
            queue.shared = Some(queue.add(*limit));
        }
        Self { rates, queue: Mutex::new(queue), changed: Notify::new() }
    }

    /// The buckets that a call takes from, its own first.
    fn needs(&self, queue: &mut Queue, action: &'static str) -> Vec<usize> {
        let own = match queue.own.get(action) {
            Some(&index) => Some(index),
            None => self.rate(action).map(|limit| {
                let index = queue.add(limit);
                queue.own.insert(action, index);
                index
            }),
        };
        own.into_iter().chain(queue.shared).collect()
    }

    /// The rate of an action: its own, or that of the longest beginning that is named.
    fn rate(&self, action: &str) -> Option<Bucket> {
        let matches = |name: &str| match name.strip_suffix('*') {
            Some(beginning) => action.starts_with(beginning),
            None => name == action,
        };
        let named = self.rates.iter().filter(|(name, _)| matches(name));
        named.max_by_key(|(name, _)| (name == action, name.len())).map(|(_, limit)| *limit)
    }
}

/// Hands out the tokens of one service as they come.
async fn serve(service: Arc<Service>) {
    loop {
        let next = lock(&service.queue).hand_out(Instant::now());
        match next {
            None => service.changed.notified().await,
            Some(next) => tokio::select! {
                () = sleep_until(next) => {}
                () = service.changed.notified() => {}
            },
        }
    }
}

impl Queue {
    fn add(&mut self, limit: Bucket) -> usize {
        self.buckets.push(Tokens::full(limit, Instant::now()));
        self.buckets.len() - 1
    }

    /// Gives tokens to those who wait, in their order, and says when there will be the next.
    fn hand_out(&mut self, now: Instant) -> Option<Instant> {
        let buckets = &mut self.buckets;
        for bucket in &mut *buckets {
            bucket.refill(now);
        }
        let mut next = None;
        self.waiting.retain(|_, waiting| {
            let Some(grant) = waiting.grant.take_if(|grant| !grant.is_closed()) else {
                return false;
            };
            let missing = waiting.needs.iter().map(|&index| buckets[index].until_token()).max();
            let wait = missing.unwrap_or_default();
            if wait.is_zero() {
                if grant.send(()).is_ok() {
                    waiting.needs.iter().for_each(|&index| buckets[index].left -= 1.0);
                }
                return false;
            }
            waiting.grant = Some(grant);
            next = Some(next.map_or(now + wait, |next: Instant| next.min(now + wait)));
            true
        });
        next
    }
}

/// A rounding error must not cost another round.
const ALMOST_A_TOKEN: f64 = 1.0 - 1e-6;
/// The least part of the published rate that a slowed bucket gives.
const LEAST_SHARE: f64 = 1.0 / 16.0;
/// What every call that goes through gives back of the rate.
const RECOVERY: f64 = 0.02;
/// Calls that were in flight together are refused together: that is one reason to slow, not many.
const ONE_REFUSAL: Duration = Duration::from_secs(1);

impl Tokens {
    fn full(limit: Bucket, now: Instant) -> Self {
        let left = f64::from(limit.burst.max(1));
        Self { limit, left, filled: now, share: 1.0, slowed: None }
    }

    fn rate(&self) -> f64 {
        // A rate of nothing would wait for ever.
        (self.limit.per_second * self.share).max(0.001)
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.duration_since(self.filled).as_secs_f64();
        self.left = (self.left + passed * self.rate()).min(f64::from(self.limit.burst.max(1)));
        self.filled = now;
    }

    fn until_token(&self) -> Duration {
        if self.left >= ALMOST_A_TOKEN {
            return Duration::ZERO;
        }
        let wait = Duration::from_secs_f64((1.0 - self.left) / self.rate());
        // Timers have milliseconds; a shorter wait would spin.
        wait.max(Duration::from_millis(1))
    }

    fn slow(&mut self, now: Instant) {
        if self.slowed.is_some_and(|slowed| now.duration_since(slowed) < ONE_REFUSAL) {
            return;
        }
        self.refill(now);
        self.slowed = Some(now);
        self.share = (self.share / 2.0).max(LEAST_SHARE);
        // AWS's own bucket is empty, whatever ours says.
        self.left = self.left.min(0.0);
    }

    fn recover(&mut self) {
        self.share = (self.share + RECOVERY).min(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(buckets: &[(&str, u32, f64)]) -> Limiter {
        let buckets = buckets
            .iter()
            .map(|&(name, burst, per_second)| (name.to_owned(), Bucket { burst, per_second }));
        Limiter::new(Limits { buckets: buckets.collect() })
    }

    async fn take(limiter: &Limiter, action: &'static str) {
        if let Some(turn) = limiter.ask(&Call::once(action), 0) {
            turn.await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_then_the_rate_rules() {
        let limiter = limiter(&[("ec2:CreateNatGateway", 10, 1.0)]);
        let begin = Instant::now();
        for _ in 0..10 {
            take(&limiter, "ec2:CreateNatGateway").await;
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
        for _ in 0..20 {
            take(&limiter, "ec2:CreateNatGateway").await;
        }
        let took = begin.elapsed().as_secs_f64();
        assert!((20.0..20.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_most_specific_bucket_counts_and_the_shared_one_besides() {
        let limiter = limiter(&[
            ("elb:!", 4, 10.0),
            ("elb:*", 2, 3.0),
            ("elb:Describe*", 40, 10.0),
            ("elb:CreateLoadBalancer", 1, 0.2),
        ]);
        let rate = |action: &str| limiter.services["elb"].rate(action).unwrap().burst;
        assert_eq!(rate("elb:DescribeRules"), 40);
        assert_eq!(rate("elb:CreateLoadBalancer"), 1);
        assert_eq!(rate("elb:CreateRule"), 2);

        let begin = Instant::now();
        for _ in 0..4 {
            take(&limiter, "elb:DescribeRules").await;
        }
        take(&limiter, "elb:CreateRule").await;
        assert_eq!(begin.elapsed().as_millis(), 100, "the shared bucket was empty");
    }

    #[tokio::test(start_paused = true)]
    async fn each_action_has_a_bucket_of_its_own_even_by_a_common_rate() {
        let limiter = limiter(&[("ec2:*", 2, 1.0)]);
        let begin = Instant::now();
        for action in ["ec2:CreateVpc", "ec2:CreateSubnet", "ec2:CreateRoute"] {
            take(&limiter, action).await;
            take(&limiter, action).await;
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
        take(&limiter, "ec2:CreateVpc").await;
        assert_eq!(begin.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_a_bucket_is_free() {
        let limiter = limiter(&[("ec2:CreateVpc", 1, 0.001)]);
        assert!(limiter.ask(&Call::read("sts:GetCallerIdentity"), 0).is_none());
        assert!(limiter.ask(&Call::read("ec2:DescribeVpcs"), 0).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_path_goes_first_and_who_left_takes_nothing() {
        let limiter = limiter(&[("ec2:CreateVpc", 1, 1.0)]);
        take(&limiter, "ec2:CreateVpc").await;
        let call = Call::once("ec2:CreateVpc");
        let mut turns: BTreeMap<u64, _> =
            [5, 90, 70, 1].map(|priority| (priority, limiter.ask(&call, priority).unwrap())).into();
        drop(turns.remove(&70));
        let begin = Instant::now();
        for (priority, after) in [(90, 1.0), (5, 2.0), (1, 3.0)] {
            turns.remove(&priority).unwrap().await.unwrap();
            let took = begin.elapsed().as_secs_f64();
            assert!((after..after + 0.01).contains(&took), "{priority}: {took}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_slows_the_bucket_and_success_brings_it_back() {
        let limiter = limiter(&[("rds:!", 100, 10.0)]);
        let call = Call::once("rds:CreateDBInstance");
        limiter.slow(&call);
        limiter.slow(&call);
        let begin = Instant::now();
        take(&limiter, "rds:CreateDBInstance").await;
        assert_eq!(begin.elapsed().as_millis(), 200, "half the rate, from an empty bucket");
        for _ in 0..100 {
            limiter.recover(&call);
        }
        let begin = Instant::now();
        take(&limiter, "rds:CreateDBInstance").await;
        assert_eq!(begin.elapsed().as_millis(), 100);
    }
}
