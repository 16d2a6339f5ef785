//! What load balancers forward to things of the stack, and what arrives.

use trueup_reach::{End, Engine, Query, ResourceKind};

use super::scene::Scene;
use super::world::Name;

/// A listener of a load balancer with one of its targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forward {
    /// The load balancer, as the network names it.
    pub(crate) balancer: Name,
    /// The port that it listens on.
    pub(crate) listener: u16,
    /// Whom it forwards to.
    pub(crate) target: Name,
    /// The port there.
    pub(crate) port: u16,
    /// Whether anything from the internet gets to the listener.
    pub(crate) is_public: bool,
    /// Whether anything gets from the load balancer to the target.
    pub(crate) arrives: bool,
}

/// All of them, in order of name and port; what they forward to others is no concern.
pub(super) fn forwards(scene: &Scene<'_>) -> Vec<Forward> {
    let Ok(engine) = Engine::new(&scene.network) else { return Vec::new() };
    let passes = |query: &Query| {
        let verdict = engine.reach(query);
        verdict.is_ok_and(|verdict| !verdict.passages().is_empty())
    };
    let mut forwards = Vec::new();
    for (name, resource) in &scene.network.resources {
        let ResourceKind::LoadBalancer { listeners, .. } = &resource.kind else { continue };
        let balancer = || End::Resource(name.clone());
        for listener in listeners.iter().flatten() {
            let traffic = Some(listener.traffic());
            let mut is_public = None;
            for target in listener.targets.iter().filter(|one| is_near(scene, &one.resource)) {
                let asked = || Query { from: End::Internet, to: balancer(), traffic };
                let is_public = *is_public.get_or_insert_with(|| passes(&asked()));
                let to = End::Resource(target.resource.clone());
                let arrives = passes(&Query::tcp(balancer(), to, target.port));
                forwards.push(Forward {
                    balancer: name.clone(),
                    listener: listener.port,
                    target: target.resource.clone(),
                    port: target.port,
                    is_public,
                    arrives,
                });
            }
        }
    }
    forwards
}

/// Whether it is of the stack, or looked up by it.
fn is_near(scene: &Scene<'_>, name: &str) -> bool {
    scene.world.get(name).is_some_and(|element| !element.around)
}
