//! What a guard keeps, and what it would lose.

use trueup_model::Diagnostic;
use trueup_model::plan::WhyNot;

use super::Subject;
use crate::guards::allow_data_loss;

pub(super) fn analyze(subject: &Subject<'_, '_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for withheld in &subject.plan.withheld {
        let WhyNot::Protected { allow, .. } = &withheld.why else { continue };
        let address = &withheld.address;
        let (code, message) = if *allow == allow_data_loss(address) {
            ("data-loss", format!("{address} holds data and is left as it is"))
        } else {
            ("protected", format!("{address} is protected and is left as it is"))
        };
        let resource = subject.input.stack.resources.get(address);
        let location = resource.and_then(|resource| resource.location.clone());
        findings.push(Diagnostic::warning(code, message).at(location).help(allow.clone()));
    }
    findings
}
