//! Rules of the repository that no compiler holds.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use trueup_tests::{generated, kind_page, picture, repository};

#[test]
fn generated_manual_pages_are_fresh() {
    let catalog = trueup_aws::catalog();
    let mut index = "# Kinds\n\n| kind | service | |\n|---|---|---|\n".to_owned();
    let mut faults = Vec::new();
    for kind in catalog.kinds() {
        let _ =
            writeln!(index, "| [{0}]({0}.md) | {1} | {2} |", kind.name, kind.service, kind.summary);
        let path = format!("docs/kinds/{}.md", kind.name);
        faults.extend(generated(&path, &kind_page::page(kind)).err());
    }
    faults.extend(generated("docs/kinds/README.md", &index).err());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn generated_schemas_are_fresh() {
    let catalog = trueup_aws::catalog();
    let pretty = |schema| format!("{schema:#}\n");
    let stack =
        generated("schemas/stack.schema.json", &pretty(trueup_stack::stack_schema(&catalog)));
    let module =
        generated("schemas/module.schema.json", &pretty(trueup_stack::module_schema(&catalog)));
    assert_eq!((stack, module), (Ok(()), Ok(())));
}

/// The picture in the README is what the program draws of the stack today.
#[test]
fn generated_picture_is_fresh() {
    let svg = picture::svg("stacks/snowex.yaml");
    assert_eq!(svg.and_then(|svg| generated("docs/snowex.svg", &svg)), Ok(()));
}

/// A file that the registry does not list would be dead without a word.
#[test]
fn every_kind_file_is_registered() {
    let catalog = trueup_aws::catalog();
    let registered: BTreeSet<String> =
        catalog.kinds().map(|kind| format!("{}/{}", kind.service, kind.name)).collect();
    let services = repository().join("crates/aws/src/services");
    let mut files = BTreeSet::new();
    for service in std::fs::read_dir(&services).unwrap().map(Result::unwrap) {
        if !service.path().is_dir() {
            continue;
        }
        for file in std::fs::read_dir(service.path()).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            if let Some(kind) = name.strip_suffix(".rs") {
                let service = service.file_name().into_string().unwrap();
                files.insert(format!("{service}/{kind}"));
            }
        }
    }
    assert_eq!(files, registered);
}

/// Every declaration has what its manual page needs, and says why of each default.
#[test]
fn every_declaration_is_complete() {
    use trueup_model::kind::{Attribute, Presence, Type};

    fn check(path: &str, attributes: &[Attribute], faults: &mut Vec<String>) {
        for attribute in attributes {
            let path = format!("{path}.{}", attribute.name);
            if !attribute.documentation.ends_with(['.', ';']) {
                faults.push(format!("{path}: documentation is not a sentence"));
            }
            let reason = match &attribute.presence {
                Presence::Default(_, reason)
                | Presence::Unmanaged(reason)
                | Presence::Derived(reason) => reason,
                Presence::Required => "required",
            };
            if reason.is_empty() {
                faults.push(format!("{path}: no reason"));
            }
            if let Type::Object(fields) = &attribute.ty {
                check(&path, fields, faults);
            }
        }
    }

    let mut faults = Vec::new();
    for kind in trueup_aws::catalog().kinds() {
        check(kind.name, &kind.attributes, &mut faults);
        if kind.output("id").is_none() {
            faults.push(format!("{}: no output `id`", kind.name));
        }
        if kind.documentation.is_empty()
            || !kind.documentation.contains("https://docs.aws.amazon.com/")
        {
            faults.push(format!("{}: its manual does not lead to AWS's", kind.name));
        }
        if kind.permissions.read.is_empty() || kind.permissions.delete.is_empty() {
            faults.push(format!("{}: permissions are missing", kind.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Two people who each take the next number do not see each other.
#[test]
fn every_decision_has_a_number_of_its_own() {
    let decisions = std::fs::read_dir(repository().join("docs/decisions")).unwrap();
    let mut numbers = BTreeSet::new();
    for decision in decisions {
        let name = decision.unwrap().file_name().into_string().unwrap();
        let number = name.split('-').next().unwrap().to_owned();
        assert!(numbers.insert(number), "{name}: another decision has its number");
    }
    assert!(!numbers.is_empty());
}
