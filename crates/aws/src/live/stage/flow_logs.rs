//! Flow logs, and what the tagging API says of them: it lags behind, and is no proof of anything.

use std::sync::{Arc, Mutex};

use serde_json::json;
use trueup_model::snapshot::{Expected, Live};
use trueup_provider::{Failure, FailureClass};

use super::{Answer, Stage, ownership, tags};
use crate::live::Search;
use crate::services::calls;

/// What the tagging API tells.
#[derive(Debug, Clone, Copy)]
enum Index {
    Nothing,
    FlowLog,
    Refuses,
}

impl Index {
    fn answer(self) -> Answer {
        let arn = "arn:aws:ec2:us-west-2:111111111111:vpc-flow-log/fl-1";
        let tags = ownership(&"flow_log.main".parse().unwrap()).to_tags();
        let tags = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        let mapping = json!({ "ResourceARN": arn, "Tags": tags.collect::<Vec<_>>() });
        match self {
            Self::Nothing => Answer::Json(json!({ "ResourceTagMappingList": [] })),
            Self::FlowLog => Answer::Json(json!({ "ResourceTagMappingList": [mapping] })),
            Self::Refuses => Answer::Refused("AccessDeniedException", "not authorized"),
        }
    }
}

/// What is found of a stack whose file has a block for `expected`, and what was asked for it.
fn found(
    expected: Option<&str>,
    index: Index,
    described: impl Fn() -> Answer + Send + 'static,
) -> (Result<Vec<Live>, Failure>, Vec<String>) {
    let calls_made = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&calls_made);
    let stage = Stage::new(move |asked| {
        noted.lock().unwrap().push(asked.action.clone());
        match asked.action.as_str() {
            "GetResources" => index.answer(),
            _ => described(),
        }
    });
    let expected: Option<Expected> = expected.map(|address| {
        let address = address.parse().unwrap();
        Expected { ownership: ownership(&address), address, name: None, adopt: None }
    });
    let search = Search { stack: "shop", expected: expected.iter().collect(), around: None };
    let found = stage.run(async |aws| calls("flow_log").unwrap().discover(aws, &search).await);
    let made = calls_made.lock().unwrap().clone();
    (found, made)
}

fn there() -> Answer {
    let tags = tags("flow_log.main");
    Answer::xml(format!("<flowLogSet><item><flowLogId>fl-1</flowLogId>{tags}</item></flowLogSet>"))
}

fn ids(found: &Result<Vec<Live>, Failure>) -> Vec<&str> {
    found.as_ref().unwrap().iter().map(|live| live.id.as_str()).collect()
}

#[test]
fn one_that_the_stack_has_is_found_though_the_index_says_nothing() {
    for index in [Index::Nothing, Index::Refuses] {
        let (found, calls) = found(Some("flow_log.main"), index, there);
        assert_eq!(ids(&found), ["fl-1"], "{index:?}");
        assert_eq!(calls, ["DescribeFlowLogs"], "the index is not even asked");
    }
}

#[test]
fn one_that_left_the_file_is_found_by_its_own_tags() {
    let (found, calls) = found(None, Index::FlowLog, there);
    assert_eq!(ids(&found), ["fl-1"]);
    assert_eq!(calls, ["GetResources", "DescribeFlowLogs"]);
}

#[test]
fn one_that_only_the_index_knows_is_gone() {
    let (found, _) = found(None, Index::FlowLog, || Answer::xml("<flowLogSet/>"));
    assert!(ids(&found).is_empty());
}

#[test]
fn what_cannot_be_read_is_not_absent() {
    let (index, _) = found(None, Index::Refuses, there);
    assert_eq!(index.unwrap_err().class, FailureClass::Denied);
    let denied = || Answer::Refused("UnauthorizedOperation", "not authorized");
    for (expected, index) in [(Some("flow_log.main"), Index::Nothing), (None, Index::FlowLog)] {
        let (found, _) = found(expected, index, denied);
        assert_eq!(found.unwrap_err().class, FailureClass::Denied);
    }
}
