//! The states of a network that belongs to a VPC or a subnet.

use aws_sdk_ec2::types::{SubnetCidrBlockState, VpcCidrBlockState};

/// What holds the word for a state.
pub(crate) trait State {
    fn word(&self) -> Option<&str>;
}

impl State for VpcCidrBlockState {
    fn word(&self) -> Option<&str> {
        self.state().map(aws_sdk_ec2::types::VpcCidrBlockStateCode::as_str)
    }
}

impl State for SubnetCidrBlockState {
    fn word(&self) -> Option<&str> {
        self.state().map(aws_sdk_ec2::types::SubnetCidrBlockStateCode::as_str)
    }
}

fn word<S: State>(state: Option<&S>) -> &str {
    state.and_then(State::word).unwrap_or("associated")
}

/// Whether it is there, or will be without anybody asking again.
pub(crate) fn is_there<S: State>(state: Option<&S>) -> bool {
    matches!(word(state), "associated" | "associating")
}

/// The state, while it is passing.
pub(crate) fn on_its_way<S: State>(state: Option<&S>) -> Option<&str> {
    Some(word(state)).filter(|word| matches!(*word, "associating" | "disassociating"))
}
