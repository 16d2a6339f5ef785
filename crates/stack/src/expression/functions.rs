//! The functions that expressions have beyond CEL's own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use cel::common::types::{CelString, DYN_TYPE, INT_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::{Context, Env, ExecutionError, FunctionContext, Value};
use ipnet::IpNet;
use sha2::{Digest, Sha256};

use super::rewrite::RANGE;
use super::{convert, evaluate};

/// How many times all loops of one evaluation may run together.
const MOST_ITERATIONS: usize = 100_000;

/// CEL's own functions, so that a wrong name is found without evaluating anything.
const STANDARD: [&str; 40] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "bool",
    "duration",
    "timestamp",
    "dyn",
    "type",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "of",
    "none",
    "ofNonZeroValue",
    "hasValue",
    "value",
    "or",
    "orValue",
    "optMap",
    "optFlatMap",
    "has",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
];

const OURS: [&str; 7] =
    ["cidr_subnet", "cidr_host", "file", "template", "base64", "sha256", "json"];

/// Whether a function, operator or macro of that name exists.
pub(crate) fn is_known(name: &str) -> bool {
    let operator = !name.starts_with(|first: char| first.is_ascii_alphabetic());
    operator || names().any(|known| known == name)
}

/// The names of all functions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> + Clone {
    OURS.into_iter().chain(STANDARD)
}

/// CEL with the functions that need nothing from outside.
///
/// # Panics
///
/// Never: the names are declared once, here, and none of them is CEL's own.
pub(crate) fn language() -> Env {
    let mut language = Env::stdlib();
    let string = || STRING_TYPE.to_owned();
    let int = || INT_TYPE.to_owned();
    let declared = [
        language.add_overload(
            "cidr_subnet",
            "cidr_subnet",
            vec![string(), int(), int()],
            |arguments| {
                let numbers = (int_of(&arguments[1])?, int_of(&arguments[2])?);
                text(cidr_subnet(&string_of(&arguments[0])?, numbers.0, numbers.1), "cidr_subnet")
            },
        ),
        language.add_overload("cidr_host", "cidr_host", vec![string(), int()], |arguments| {
            text(cidr_host(&string_of(&arguments[0])?, int_of(&arguments[1])?), "cidr_host")
        }),
        language.add_overload("base64", "base64", vec![string()], |arguments| {
            let bytes = string_of(&arguments[0])?;
            text(Ok(base64::engine::general_purpose::STANDARD.encode(bytes)), "base64")
        }),
        language.add_overload("sha256", "sha256", vec![string()], |arguments| {
            text(
                Ok(crate::package::hexadecimal(&Sha256::digest(string_of(&arguments[0])?))),
                "sha256",
            )
        }),
        language.add_overload("json", "json", vec![DYN_TYPE.to_owned()], |arguments| {
            let value: Value = arguments[0].as_ref().try_into()?;
            let value = convert::from_cel(&value);
            text(value.and_then(|v| serde_json::to_string(&v).map_err(|e| e.to_string())), "json")
        }),
    ];
    debug_assert!(declared.iter().all(Result::is_ok), "{declared:?}");
    language
}

/// Adds the functions that have to do with one evaluation: its files and its budget.
pub(crate) fn lend(context: &mut Context<'_, '_>, files: &Arc<BTreeMap<String, String>>) {
    let left = Arc::new(AtomicUsize::new(MOST_ITERATIONS));
    let range = move |function: &FunctionContext<'_, '_>, range: Value| {
        let elements = match range {
            // The order of a map's keys in CEL is that of a hash table, different in every run.
            Value::Map(map) => {
                let mut keys: Vec<_> = map.map.keys().cloned().collect();
                keys.sort();
                Value::List(Arc::new(keys.into_iter().map(Value::from).collect()))
            }
            other => other,
        };
        let count = if let Value::List(elements) = &elements { elements.len() } else { 1 };
        let spend = |left: usize| left.checked_sub(count);
        match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend) {
            Ok(_) => Ok(elements),
            Err(_) => Err(function.error(format!("loops run at most {MOST_ITERATIONS} times"))),
        }
    };
    let contents = Arc::clone(files);
    let file = move |function: &FunctionContext<'_, '_>, path: Arc<String>| {
        let text = contents.get(path.as_str()).ok_or_else(|| function.error("it was not read"))?;
        Ok(Value::from(text.as_str()))
    };
    let contents = Arc::clone(files);
    let template = move |function: &FunctionContext<'_, '_>, path: Arc<String>, with: Value| {
        let text = contents.get(path.as_str()).ok_or_else(|| function.error("it was not read"))?;
        evaluate::template_file(text, &with)
            .map(Value::from)
            .map_err(|error| function.error(format!("in '{path}': {error}")))
    };
    let added = [
        context.add_function(RANGE, range),
        context.add_function("file", file),
        context.add_function("template", template),
    ];
    debug_assert!(added.iter().all(Result::is_ok), "{added:?}");
}

fn text<'b, 'v>(
    result: Result<String, String>,
    function: &str,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let text = result.map_err(|message| ExecutionError::function_error(function, message))?;
    Ok(CowVal::owned(CelString::from(text)))
}

fn string_of(value: &CowVal<'_, '_>) -> Result<String, ExecutionError> {
    match Value::try_from(value.as_ref())? {
        Value::String(text) => Ok(Arc::unwrap_or_clone(text)),
        other => Err(ExecutionError::function_error("string", other.type_of())),
    }
}

fn int_of(value: &CowVal<'_, '_>) -> Result<i64, ExecutionError> {
    match Value::try_from(value.as_ref())? {
        Value::Int(number) => Ok(number),
        other => Err(ExecutionError::function_error("int", other.type_of())),
    }
}

/// Subnet number `index` of length `prefix` within a network.
fn cidr_subnet(cidr: &str, prefix: i64, index: i64) -> Result<String, String> {
    let network = network(cidr)?;
    let (from, most) = (network.prefix_len(), network.max_prefix_len());
    let length = u8::try_from(prefix).ok().filter(|length| (from..=most).contains(length));
    let length =
        length.ok_or_else(|| format!("a subnet of {cidr} has a length of {from} to {most}"))?;
    let count = 1_u128.checked_shl(u32::from(length - from)).unwrap_or(u128::MAX);
    let index = u128::try_from(index).ok().filter(|index| *index < count).ok_or_else(|| {
        format!(
            "{cidr} has {count} subnets of length {length}, numbered from 0; there is no {index}"
        )
    })?;
    let offset = index.checked_shl(u32::from(most - length)).unwrap_or_default();
    Ok(format!("{}/{length}", address(network, offset)))
}

/// Address number `index` within a network.
fn cidr_host(cidr: &str, index: i64) -> Result<String, String> {
    let network = network(cidr)?;
    let bits = u32::from(network.max_prefix_len() - network.prefix_len());
    let count = 1_u128.checked_shl(bits).unwrap_or(u128::MAX);
    let index = u128::try_from(index).ok().filter(|index| *index < count).ok_or_else(|| {
        format!("{cidr} has {count} addresses, numbered from 0; there is no {index}")
    })?;
    Ok(address(network, index).to_string())
}

fn network(cidr: &str) -> Result<IpNet, String> {
    let network: IpNet = cidr.parse().map_err(|_| format!("'{cidr}' is not a CIDR"))?;
    Ok(network.trunc())
}

fn address(network: IpNet, offset: u128) -> std::net::IpAddr {
    match network {
        IpNet::V4(v4) => {
            let offset = u32::try_from(offset).unwrap_or_default();
            std::net::Ipv4Addr::from_bits(v4.network().to_bits().wrapping_add(offset)).into()
        }
        IpNet::V6(v6) => {
            std::net::Ipv6Addr::from_bits(v6.network().to_bits().wrapping_add(offset)).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn subnets_are_counted_from_the_start_of_the_network() {
        assert_eq!(cidr_subnet("10.0.0.0/16", 24, 11).unwrap(), "10.0.11.0/24");
        assert_eq!(cidr_subnet("2001:db8::/56", 64, 255).unwrap(), "2001:db8:0:ff::/64");
        assert_eq!(cidr_host("10.0.1.0/24", 5).unwrap(), "10.0.1.5");
        let error = cidr_subnet("10.0.0.0/16", 24, 256).unwrap_err();
        assert_eq!(
            error,
            "10.0.0.0/16 has 256 subnets of length 24, numbered from 0; there is no 256"
        );
        assert!(cidr_subnet("10.0.0.0/16", 8, 0).is_err());
        assert!(cidr_host("10.0.1.0/24", -1).is_err());
    }

    proptest! {
        #[test]
        fn a_subnet_lies_within_its_network(
            bits: u32, from in 0_u8..=32, more in 0_u8..=32, index in 0_i64..1 << 33,
        ) {
            let network = ipnet::Ipv4Net::new(bits.into(), from).unwrap().trunc();
            if let Ok(subnet) = cidr_subnet(&network.to_string(), i64::from(from + more), index) {
                let subnet: ipnet::Ipv4Net = subnet.parse().unwrap();
                prop_assert!(network.contains(&subnet));
                prop_assert_eq!(subnet, subnet.trunc());
            }
        }
    }
}
