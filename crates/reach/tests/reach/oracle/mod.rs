//! An independent oracle: a slow walker that follows single packets through the same model, and
//! random networks on which the engine has to agree with it.

mod balancers;
mod random;
mod walker;

use std::fmt::Write as _;

use trueup_reach::{End, Engine, Passage, PortRange, Query, Traffic};
use walker::{Host, World};

/// How many networks; each has a dozen questions, each question hundreds of packets.
const NETWORKS: u64 = 1_500;

#[test]
fn the_engine_agrees_with_the_walker() {
    let mut counts = [0_usize; 3];
    let mut balanced = [0_usize; 2];
    let mut packets = 0;
    for seed in 0..NETWORKS {
        let (network, text) = random::network(seed);
        let engine = Engine::new(&network).expect("the random network is sound");
        let world = World::new(&network);
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
            let through = verdict.passages().iter().filter(|one| is_balanced(one)).count();
            balanced[0] += usize::from(through > 0);
            balanced[1] += usize::from(through > 0 && sees.always);
            assert!(why.is_empty(), "seed {seed}: {why}\n{verdict}\n\n{text}");
            counts[usize::from(sees.sometimes) + usize::from(sees.always)] += 1;
        }
    }
    let [never, partly, always] = counts;
    // The random networks must be interesting: all three answers, often.
    assert!(never > 1000 && partly > 200 && always > 500, "{counts:?}");
    assert!(packets > 1_000_000, "{packets}");
    // Ways through load balancers, and such that "reaches" holds by them.
    assert!(balanced[0] > 100 && balanced[1] > 20, "{balanced:?}");
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
