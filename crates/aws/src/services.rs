//! The registry: one line a kind.
//!
//! A line declares the module `services/SERVICE/KIND.rs`, puts its `kind()` into the catalog and,
//! with the feature `live`, its `Calls` behind the kind's name.

macro_rules! services {
    ($($service:ident { $($kind:ident,)* })*) => {
        $(
            #[allow(missing_docs, reason = "each kind file says what it is")]
            pub mod $service {
                $(pub mod $kind;)*
            }
        )*

        /// Every kind's declaration.
        pub fn kinds() -> Vec<trueup_model::Kind> {
            vec![$($($service::$kind::kind()),*),*]
        }
    };
}

services! {
    ec2 {
        elastic_ip,
        instance,
        internet_gateway,
        nat_gateway,
        route_table,
        security_group,
        subnet,
        vpc,
    }
    iam {
        iam_role,
    }
    lambda {
        lambda_function,
    }
    logs {
        log_group,
    }
    rds {
        db_instance,
        db_subnet_group,
    }
}

pub mod attributes;
pub mod policy;

/// The calls of a kind, by its name.
#[cfg(feature = "live")]
pub(crate) fn calls(name: &str) -> Option<&'static dyn crate::live::Calls> {
    match name {
        "elastic_ip" => Some(&ec2::elastic_ip::Calls),
        "instance" => Some(&ec2::instance::Calls),
        "internet_gateway" => Some(&ec2::internet_gateway::Calls),
        "nat_gateway" => Some(&ec2::nat_gateway::Calls),
        "route_table" => Some(&ec2::route_table::Calls),
        "security_group" => Some(&ec2::security_group::Calls),
        "subnet" => Some(&ec2::subnet::Calls),
        "vpc" => Some(&ec2::vpc::Calls),
        "db_instance" => Some(&rds::db_instance::Calls),
        "db_subnet_group" => Some(&rds::db_subnet_group::Calls),
        "log_group" => Some(&logs::log_group::Calls),
        "iam_role" => Some(&iam::iam_role::Calls),
        "lambda_function" => Some(&lambda::lambda_function::Calls),
        _ => None,
    }
}
