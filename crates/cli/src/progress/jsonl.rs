//! Events as JSON lines, for programs.

use serde_json::json;
use trueup_model::event::Stamped;

use super::Progress;
use crate::invocation::Output;
use crate::render::json;

/// Events as JSON lines.
pub(crate) struct JsonLines {
    out: Output,
}

impl JsonLines {
    /// Lines go to `out`.
    pub(crate) fn new(out: Output) -> Self {
        Self { out }
    }
}

impl Progress for JsonLines {
    fn read(&mut self, stamped: &Stamped) {
        // A log that cannot be written is no reason to stop in the middle of an apply.
        let _ = self.out.write(&json_line(stamped));
    }
}

/// An event as a JSON line.
pub(crate) fn json_line(stamped: &Stamped) -> String {
    let mut line = json!({ "format": trueup_model::plan::FORMAT });
    if let (Some(line), serde_json::Value::Object(event)) = (line.as_object_mut(), json!(stamped)) {
        line.extend(event);
    }
    json::line(&line)
}
