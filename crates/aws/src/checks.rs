//! Checks over all resources of a stack at once.

use trueup_model::kind::StackCheck;

mod database_replicas;
mod database_zones;
mod subnet_networks;

pub(crate) fn all() -> Vec<StackCheck> {
    vec![subnet_networks::check, database_zones::check, database_replicas::check]
}
