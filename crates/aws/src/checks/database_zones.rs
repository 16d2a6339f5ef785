//! A subnet group covers two availability zones, even for a database in one.

use std::collections::BTreeSet;

use trueup_model::{Diagnostic, Expression, Resource, Stack};

pub(super) fn check(stack: &Stack) -> Vec<Diagnostic> {
    let groups = stack.resources.values().filter(|r| r.address.kind == "db_subnet_group");
    groups.filter_map(|group| check_group(stack, group)).collect()
}

fn check_group(stack: &Stack, group: &Resource) -> Option<Diagnostic> {
    let mut zones = BTreeSet::new();
    for reference in group.attributes.get("subnets")?.references() {
        for subnet in stack.instances(&reference.to) {
            zones.insert(subnet.known("availability_zone")?.as_str()?.to_owned());
        }
    }
    let literal = match group.attributes.get("subnets")? {
        Expression::List(elements) => elements.iter().any(|e| e.known().is_some()),
        _ => true,
    };
    if literal || zones.len() > 1 {
        return None;
    }
    let zone = zones.first()?;
    let fault = Diagnostic::error(
        "one-availability-zone",
        format!(
            "RDS wants subnets in two availability zones; all of {}'s are in {zone}",
            group.address
        ),
    );
    Some(
        fault
            .at(group.place("subnets"))
            .label(format!("only {zone}"))
            .help("add a subnet in another zone, for example with `for_each: [a, b]`"),
    )
}
