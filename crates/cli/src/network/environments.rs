//! Elastic Beanstalk environments that the stack looks up: the instances that run in them.

use trueup_model::snapshot::around;
use trueup_reach::{Resource, ResourceKind, Role};

use super::balancers::addressed;
use super::piece::Piece;
use super::scene::{Scene, origin};
use super::world::Name;

pub(super) fn environments(scene: &mut Scene<'_>) {
    scene.each(around::ENVIRONMENT, |scene, name, element| {
        let mut interfaces = Vec::new();
        for piece in element.get("interfaces").elements() {
            let groups = groups(scene, name, piece);
            interfaces.extend(addressed(scene, name, piece, groups));
        }
        let kind = ResourceKind::Instance { role: Role::Unknown };
        let resource = Resource { kind, interfaces, port: None, origin: origin(name, element) };
        scene.network.resources.insert(name.clone(), resource);
    });
}

/// The groups of one interface, which are in the VPC of its subnet.
fn groups(scene: &mut Scene<'_>, name: &Name, piece: Piece<'_>) -> Vec<Name> {
    let subnets = scene.subnets(name, piece.field("subnet"));
    let subnet = subnets.first().and_then(|subnet| scene.network.subnets.get(subnet));
    let Some(vpc) = subnet.map(|subnet| subnet.vpc.clone()) else { return Vec::new() };
    scene.groups(name, piece.field("security_groups"), &vpc)
}
