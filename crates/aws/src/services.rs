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

        /// The calls of a kind, by its name.
        #[cfg(feature = "live")]
        pub(crate) fn calls(name: &str) -> Option<&'static dyn crate::live::Calls> {
            match name {
                $($(stringify!($kind) => Some(&$service::$kind::Calls),)*)*
                _ => None,
            }
        }
    };
}

services! {
    ec2 {
        elastic_ip,
        flow_log,
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
