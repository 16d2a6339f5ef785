//! What a picture shows of it: boxes, chips and arrows, before anybody knows where on the paper.

pub(crate) mod arrows;
pub(crate) mod build;
pub(crate) mod collapse;
pub(crate) mod diagram;
pub(crate) mod rules;
pub(crate) mod ways;
pub(crate) mod words;
