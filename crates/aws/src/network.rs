//! Spelling and bounds of IP networks, as EC2 has them.

use ipnet::{IpNet, Ipv4Net};
use trueup_model::kind::Inspection;

use crate::services::attributes::{fault, text};

/// The spelling that EC2 stores: host bits cleared, IPv6 in its short form. A text that is no
/// network stays as it is; its type is checked elsewhere.
pub fn canonical_cidr(text: &str) -> String {
    text.parse::<IpNet>().map_or_else(|_| text.to_owned(), |network| network.trunc().to_string())
}

/// Reports an IPv4 block that is not /16 to /28.
///
/// See <https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html>.
pub fn check_block_size(inspection: &mut Inspection<'_>, attribute: &str) {
    let Some(text) = text(inspection.attributes, attribute) else { return };
    let Ok(network) = text.parse::<Ipv4Net>() else { return };
    let length = network.prefix_len();
    if !(16..=28).contains(&length) {
        fault(
            inspection,
            attribute,
            format!("a /{length} block is outside AWS's bounds"),
            "write a block from /16 to /28",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::canonical_cidr;

    #[test]
    fn host_bits_are_cleared() {
        assert_eq!(canonical_cidr("100.68.0.18/18"), "100.68.0.0/18");
        assert_eq!(canonical_cidr("2001:DB8:0::1/32"), "2001:db8::/32");
        assert_eq!(canonical_cidr("pl-123"), "pl-123");
    }
}
