//! How it is written: SVG, and the page with a panel.

pub(crate) mod facts;
pub(crate) mod html;
pub(crate) mod icons;
pub(crate) mod svg;
