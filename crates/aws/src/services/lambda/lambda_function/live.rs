pub(crate) struct Calls;
