//! One scenario for each thing that a plan can do.

mod drifting;
mod guarding;
mod hiding;
mod keeping;
mod leaving;
mod making;
mod naming;
mod owning;
mod replacing;
mod resolving;

pub(super) const NETWORK: &str = "
    vpc.main
      cidr_block: 10.0.0.0/16
    internet_gateway.main
      vpc: @vpc.main
    subnet.public
      vpc: @vpc.main
      cidr_block: 10.0.0.0/24
    nat_gateway.main
      subnet: @subnet.public
";

pub(super) const CIRCLE: &str = "
    vpc.main
      cidr_block: 10.0.0.0/16
    security_group.a
      vpc: @vpc.main
      ingress: [{port: 1, from: [@security_group.b]}]
    security_group.b
      vpc: @vpc.main
      ingress: [{port: 2, from: [@security_group.a, 10.0.0.0/8]}]
";

pub(super) const FUNCTION: &str = "
    log_group.api
      name: /aws/lambda/${lambda_function.api.name}
      days: 14
    iam_role.api
      trust: {Version: 2012-10-17}
    lambda_function.api
      role: @iam_role.api
      source: source:abc
      environment: {HOST: ${db_instance.main.endpoint}, MODE: fast}
    db_instance.main
      engine: postgres
      class: small
      password: secret:hunter22
";

/// A database with nothing around it.
pub(super) fn database(engine: &str, class: &str) -> String {
    format!(
        "
    db_instance.main
      engine: {engine}
      class: {class}
"
    )
}
