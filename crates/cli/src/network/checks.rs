//! What is wrong with the planned network without being asked, as findings of the plan.

use trueup_model::stack::Silence;
use trueup_model::{Diagnostic, Plan, Severity};
use trueup_reach::checks::{Finding, Severity as Weight};
use trueup_reach::{Engine, Name, NetworkAcl};

use super::scene::{Scene, Scope};

/// The findings. Of a plan that changes nothing only those that let somebody in: what was
/// accepted once is not repeated each day.
pub(super) fn findings(scene: &Scene<'_>, plan: &Plan, silences: &[Silence]) -> Vec<Diagnostic> {
    if scene.doubts.iter().any(|doubt| doubt.scope == Scope::Everything) {
        return Vec::new();
    }
    let Ok(engine) = Engine::new(&scene.network) else { return Vec::new() };
    let found = trueup_reach::checks::run(&engine).into_iter();
    let worth = |finding: &Finding| finding.severity == Weight::Security || !plan.is_empty();
    let found = found.filter(|finding| {
        worth(finding) && concerns(scene, &finding.element) && !is_doubtful(scene, &finding.element)
    });
    let mut idle: Vec<&Silence> = silences.iter().collect();
    let mut findings = Vec::new();
    for finding in found {
        let reason = silences.iter().find(|silence| is_meant(scene, silence, &finding));
        findings.push(match reason {
            Some(silence) => {
                idle.retain(|other| *other != silence);
                silenced_by(&finding, silence)
            }
            None => diagnostic(scene, &finding),
        });
    }
    // Of a plan that changes nothing not everything was looked for, and where something is not
    // known nobody can say.
    if !plan.is_empty() && scene.doubts.is_empty() {
        findings.extend(idle.into_iter().map(unneeded));
    }
    findings
}

fn is_meant(scene: &Scene<'_>, silence: &Silence, finding: &Finding) -> bool {
    let on = silence.on.as_ref();
    silence.check == finding.code
        && on.is_none_or(|address| scene.world.at(address).contains(&finding.element))
}

/// One line for what was found and is not to be heard of.
fn silenced_by(finding: &Finding, silence: &Silence) -> Diagnostic {
    let Finding { code, name, element, .. } = finding;
    let message = format!("{code} {name} on {element}: {}", silence.reason);
    note("silenced", message)
}

fn unneeded(silence: &Silence) -> Diagnostic {
    let Silence { check, on, location, .. } = silence;
    let on = on.as_ref().map(|on| format!(" on {on}")).unwrap_or_default();
    let message = format!("{check} finds nothing{on}, so there is nothing to silence");
    note("nothing-to-silence", message).at(location.clone()).help("remove it")
}

fn note(code: &'static str, message: String) -> Diagnostic {
    let mut note = Diagnostic::warning(code, message);
    note.severity = Severity::Note;
    note
}

/// Whether it is the stack's, or serves a subnet of it: what else others have is their business.
fn concerns(scene: &Scene<'_>, element: &Name) -> bool {
    let is_around = |name: &Name| scene.world.get(name).is_none_or(|element| element.around);
    let acl = scene.network.network_acls.get(element);
    let own = scene.network.subnets.keys().filter(|subnet| !is_around(subnet));
    let serves = |acl: &NetworkAcl, subnet: &Name| {
        let by_default = || acl.default && scene.network.subnets[subnet].vpc == acl.vpc;
        acl.subnets.contains(subnet) || by_default()
    };
    !is_around(element) || acl.is_some_and(|acl| own.into_iter().any(|name| serves(acl, name)))
}

fn is_doubtful(scene: &Scene<'_>, element: &Name) -> bool {
    let network = &scene.network;
    let of_subnet = |subnet: &Name| network.subnets.get(subnet).map(|subnet| &subnet.vpc);
    let resource = network.resources.get(element);
    let interface = resource.and_then(|resource| resource.interfaces.first());
    let vpc = of_subnet(element)
        .or_else(|| network.security_groups.get(element).map(|group| &group.vpc))
        .or_else(|| network.network_acls.get(element).map(|acl| &acl.vpc))
        .or_else(|| network.nat_gateways.get(element).and_then(|nat| of_subnet(&nat.subnet)))
        .or_else(|| interface.and_then(|interface| of_subnet(&interface.subnet)));
    scene.doubts.iter().any(|doubt| match &doubt.scope {
        Scope::Everything => true,
        Scope::Vpc(name) => vpc.is_none_or(|vpc| vpc == name),
        Scope::Element(name) => name == element,
    })
}

fn diagnostic(scene: &Scene<'_>, finding: &Finding) -> Diagnostic {
    let Finding { code, name, severity, element, message, at: _ } = finding;
    let resource = scene.world.get(element).and_then(|element| element.resource);
    let text = format!("{element}: {message}");
    let check = trueup_reach::checks::ALL.iter().find(|check| check.code == *code);
    let mut diagnostic = Diagnostic::warning(name, text);
    if *severity != Weight::Security {
        diagnostic.severity = Severity::Note;
    }
    let explanation = check.map_or("", |check| check.explanation);
    diagnostic
        .at(resource.and_then(|resource| resource.location.clone()))
        .help(format!("{code}: {explanation}"))
}
