//! What there is, and where it stands: the stack, what it looks up, what it lets go, and what others
//! have around it.

pub(crate) mod others;
pub(crate) mod places;
pub(crate) mod read;
