//! An independent oracle: a slow walker that follows single packets through the same model, and
//! random networks on which the engine has to agree with it.

mod balancers;
mod filters;
mod random;
mod routing;
mod walker;
mod ways;

use std::fmt::Write as _;

use trueup_reach::{
    End, Engine, Network, Passage, PortRange, Query, ResourceKind, Target, Traffic,
};
use walker::{Host, World};

use crate::say;

/// How many networks; each has a dozen questions, each question hundreds of packets.
const NETWORKS: u64 = 2_000;

#[test]
fn the_engine_agrees_with_the_walker() {
    let mut counts = [0_usize; 3];
    let mut balanced = [0_usize; 2];
    let mut at_balancers = [0_usize; 3];
    let mut unknown = [0_usize; 2];
    let mut questions = 0;
    let mut packets = 0;
    for seed in 0..NETWORKS {
        let (network, text) = random::network(seed);
        let engine = Engine::new(&network).expect("the random network is sound");
        let world = World::new(&network);
        let mut routes = network.route_tables.values().flat_map(|table| &table.routes);
        let has_gateways = routes.any(|route| matches!(route.target, Target::Other(_)));
        for (from, to, protocol, port) in random::questions(seed, &network) {
            let traffic = match protocol {
                17 => Traffic::Udp(PortRange::one(port)),
                _ => Traffic::tcp(port),
            };
            let query = Query { from: end(&from), to: end(&to), traffic: Some(traffic) };
            let verdict = engine.reach(&query).expect("the ends are known");
            let sees = world.look(&from, &to, protocol, port, &mut packets);
            let mut why = String::new();
            if verdict.reaches() != sees.always {
                write!(why, "walker says always: {}", sees.always).unwrap();
            }
            if verdict.never_reaches() == sees.sometimes {
                write!(why, " walker says sometimes: {}", sees.sometimes).unwrap();
            }
            for passage in verdict.passages() {
                if !world.passes_somehow(&from, &to, &passage.packet) {
                    write!(why, " the example {} does not pass", passage.packet).unwrap();
                }
            }
            let mut hangs = [false; 2];
            if has_gateways && sees.sometimes && !sees.always {
                let open = World::new(&network).with_gateways(true);
                let shut = World::new(&network).with_gateways(false);
                hangs = [
                    open.look(&from, &to, protocol, port, &mut packets).always,
                    !shut.look(&from, &to, protocol, port, &mut packets).sometimes,
                ];
            }
            if [false, true].map(|negated| verdict.holds(negated).is_none()) != hangs {
                write!(why, " walker says that they hang on gateways: {hangs:?}").unwrap();
            }
            for (count, hangs) in unknown.iter_mut().zip(hangs) {
                *count += usize::from(hangs);
            }
            let through = verdict.passages().iter().filter(|one| is_balanced(one)).count();
            balanced[0] += usize::from(through > 0);
            balanced[1] += usize::from(through > 0 && sees.always);
            assert!(why.is_empty(), "seed {seed}: {why}\n{verdict}\n\n{text}");
            let answer = usize::from(sees.sometimes) + usize::from(sees.always);
            counts[answer] += 1;
            at_balancers[answer] += usize::from(is_balancer(&network, &to));
            questions += 1;
        }
    }
    let [never, partly, always] = counts;
    // The random networks must be interesting: all three answers, often.
    assert!(never > 1000 && partly > 200 && always > 500, "{counts:?}");
    assert!(packets > 1_000_000, "{packets}");
    // Sentences that hang on what is behind a gateway that the model does not look into.
    assert!(unknown.iter().all(|count| *count > 20), "{unknown:?}");
    // Ways through load balancers, and such that "reaches" holds by them.
    assert!(balanced[0] > 100 && balanced[1] > 20, "{balanced:?}");
    // Load balancers that are to be reached: all three answers.
    assert!(at_balancers.iter().all(|count| *count > 100), "{at_balancers:?}");
    say(&format!(
        "{NETWORKS} networks, {questions} questions, {packets} packets, no disagreement: {never} never, \
         {partly} in part, {always} always; {} hang on a gateway; {} through load balancers, {} to them",
        unknown.iter().sum::<usize>(),
        balanced[0],
        at_balancers.iter().sum::<usize>()
    ));
}

fn is_balancer(network: &Network, host: &Host) -> bool {
    let Host::Resource(name) = host else { return false };
    matches!(network.resources[name].kind, ResourceKind::LoadBalancer { .. })
}

fn is_balanced(passage: &Passage) -> bool {
    passage.hops.iter().any(|hop| hop.rule.contains("and forwards to"))
}

fn end(host: &Host) -> End {
    match host {
        Host::Resource(name) => End::Resource(name.clone()),
        Host::Outside(address) => End::Cidr((*address).into()),
    }
}
