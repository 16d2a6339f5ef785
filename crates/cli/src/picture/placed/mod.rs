//! Where on the paper it stands: boxes measured and laid out, arrows led around them.

pub(crate) mod geometry;
pub(crate) mod item;
pub(crate) mod labels;
pub(crate) mod layout;
pub(crate) mod legend;
pub(crate) mod paper;
pub(crate) mod route;
pub(crate) mod text;
pub(crate) mod vpc;
