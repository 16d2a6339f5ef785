//! How `moved_from` spells a former address, seen from where a resource stands now.

use trueup_model::Address;

/// The line to write in the resource at `to`, so that the loader reads `former` from it.
pub(crate) fn moved_from(to: &Address, former: &Address) -> String {
    let spell = |address: &Address| match address.modules.strip_prefix(to.modules.as_slice()) {
        Some(inner) => Address { modules: inner.to_vec(), ..address.clone() }.to_string(),
        None => format!("root.{address}"),
    };
    match &to.key {
        None => format!("moved_from: {}", spell(former)),
        Some(key) if former.key.as_ref() == Some(key) => {
            format!("moved_from: {}", spell(&former.family()))
        }
        Some(key) => format!("moved_from: {{ {key}: \"{}\" }}", spell(former)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_former_address_is_spelled_from_where_the_resource_stands() {
        let cases = [
            ("vpc.new", "vpc.old", "moved_from: vpc.old"),
            ("module.net.vpc.main", "vpc.main", "moved_from: root.vpc.main"),
            ("vpc.main", "module.net.vpc.main", "moved_from: module.net.vpc.main"),
            ("module.net.vpc.main", "module.net.vpc.old", "moved_from: vpc.old"),
            ("module.a.vpc.main", "module.b.vpc.main", "moved_from: root.module.b.vpc.main"),
            ("subnet.new[a]", "subnet.old[a]", "moved_from: subnet.old"),
            ("subnet.new[a]", "subnet.old", "moved_from: { a: \"subnet.old\" }"),
            ("subnet.new[a]", "subnet.old[b]", "moved_from: { a: \"subnet.old[b]\" }"),
            ("subnet.new", "subnet.old[b]", "moved_from: subnet.old[b]"),
        ];
        for (to, former, line) in cases {
            assert_eq!(moved_from(&to.parse().unwrap(), &former.parse().unwrap()), line);
        }
    }
}
