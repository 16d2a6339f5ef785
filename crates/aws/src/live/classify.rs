//! What AWS's error codes mean for the engine.
//!
//! The table is `docs/errors.md`'s; codes are matched as strings because EC2's are not modelled as
//! types. `InvalidParameterValue` is used for races, throttling and real mistakes alike, so there
//! the message decides, within bounds.

use std::error::Error;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{DispatchFailure, ServiceError};
use trueup_provider::{Call, Failure, FailureClass};

use super::advice;
pub(super) use super::advice::Place;

/// The failure that an SDK error stands for.
pub(crate) fn failure<E>(call: Call, error: &SdkError<E, HttpResponse>, place: Place<'_>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let request_id = error.request_id().map(str::to_owned);
    let (class, code, message) = match error {
        SdkError::ServiceError(service) => of_answer(service),
        SdkError::DispatchFailure(dispatch) => {
            let class = of_dispatch(dispatch, error);
            let message = match class {
                FailureClass::Unreachable => place.unreachable(call.service(), error),
                FailureClass::Credentials => advice::credentials(&chain(error)),
                _ => chain(error),
            };
            (class, None, message)
        }
        SdkError::ConstructionFailure(_) => (of_construction(&chain(error)), None, chain(error)),
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {
            (FailureClass::Ambiguous, None, chain(error))
        }
        _ => (FailureClass::Internal, None, chain(error)),
    };
    let action = call.action.to_owned();
    let help = advice::advice(class, code.as_deref(), place);
    Failure { class, action, code, message, request_id, help }
}

fn of_answer<E: ProvideErrorMetadata>(
    service: &ServiceError<E, HttpResponse>,
) -> (FailureClass, Option<String>, String) {
    let meta = service.err().meta();
    let status = service.raw().status().as_u16();
    let code = meta.code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
    let message = meta.message().unwrap_or("no message").to_owned();
    (of_code(&code, &message, status), Some(code), message)
}

/// What got lost on the way: before there was a connection nothing can have happened, later it may.
fn of_dispatch(dispatch: &DispatchFailure, error: &(dyn Error + 'static)) -> FailureClass {
    if !dispatch.is_io() && !dispatch.is_timeout() {
        let message = chain(error);
        return match of_construction(&message) {
            FailureClass::Internal if !dispatch.is_user() => FailureClass::Ambiguous,
            class => class,
        };
    }
    let mut cause = Some(error);
    while let Some(error) = cause {
        let sent = error.downcast_ref::<hyper_util::client::legacy::Error>();
        if sent.is_some_and(hyper_util::client::legacy::Error::is_connect) {
            return FailureClass::Unreachable;
        }
        cause = error.source();
    }
    FailureClass::Ambiguous
}

fn chain(error: &dyn Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(inner) = source {
        let text = inner.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        source = inner.source();
    }
    parts.join(": ")
}

fn is_credentials(message: &str) -> bool {
    message.contains("credential") || message.contains("identity")
}

fn of_construction(message: &str) -> FailureClass {
    if is_credentials(message) { FailureClass::Credentials } else { FailureClass::Internal }
}

/// The class of a code; `message` decides where a code has several meanings.
pub(crate) fn of_code(code: &str, message: &str, status: u16) -> FailureClass {
    let lower = message.to_lowercase();
    if let Some(class) = of_message(code, &lower) {
        return class;
    }
    match code {
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "TooManyUpdates"
        | "SlowDown"
        | "RequestThrottled"
        | "PriorRequestNotComplete"
        | "EC2ThrottledException" => FailureClass::Throttled,
        "DependencyViolation"
        | "InvalidGroup.InUse"
        | "InvalidIPAddress.InUse"
        | "IncorrectState"
        | "IncorrectInstanceState"
        | "ResourceInUse"
        | "ResourceInUseException"
        | "DeleteConflict"
        | "ConcurrentModification"
        | "ConcurrentModificationException"
        | "EntityTemporarilyUnmodifiable"
        | "InvalidDBSubnetGroupStateFault"
        | "InvalidDBParameterGroupState"
        | "OperationAborted"
        | "OperationAbortedException"
        | "PreconditionFailedException"
        | "InvalidDBInstanceState" => FailureClass::Conflict,
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => FailureClass::Denied,
        // EC2 says the same of credentials that are wrong and of an image or an address that is
        // somebody else's.
        "AuthFailure" if !lower.contains("credentials") => FailureClass::Denied,
        "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "InvalidAccessKeyId"
        | "MissingAuthenticationToken"
        | "OptInRequired" => FailureClass::Credentials,
        "InsufficientInstanceCapacity"
        | "InsufficientDBInstanceCapacity"
        | "Unsupported"
        | "InsufficientFreeAddressesInSubnet" => FailureClass::Capacity,
        "EntityAlreadyExists"
        | "ResourceAlreadyExistsException"
        | "RouteAlreadyExists"
        | "DBInstanceAlreadyExists"
        | "DBSubnetGroupAlreadyExists"
        | "InvalidGroup.Duplicate"
        | "InvalidPermission.Duplicate"
        | "InvalidSubnet.Conflict"
        | "ResourceConflictException"
        | "Resource.AlreadyAssociated"
        | "DBSnapshotAlreadyExists"
        | "ParameterAlreadyExists" => FailureClass::Exists,
        // Status 400, and all the same the request may have been read.
        "RequestTimeout" | "RequestTimeoutException" => FailureClass::Ambiguous,
        _ if is_missing(code) => FailureClass::Missing,
        _ if is_quota(code) => FailureClass::Quota,
        _ if status >= 500
            || code == "InternalError"
            || code == "InternalFailure"
            || code == "ServiceUnavailable"
            || code == "Unavailable"
            || code == "ServiceException" =>
        {
            FailureClass::Unavailable
        }
        _ => FailureClass::Invalid,
    }
}

/// Races whose code also stands for real mistakes; see `aws-facts` 1.5 for the messages.
fn of_message(code: &str, message: &str) -> Option<FailureClass> {
    let says = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    let overloaded = matches!(
        code,
        "InvalidParameterValueException"
            | "InvalidParameterValue"
            | "MalformedPolicyDocument"
            | "MalformedPolicyDocumentException"
            | "ResourceConflictException"
            | "InvalidRequest"
    );
    if !overloaded {
        return None;
    }
    if says(&[
        "cannot be assumed by lambda",
        "does not have permissions to call createnetworkinterface",
        "execution role does not have permissions",
        "kms key is invalid for creategrant",
        "invalid iam instance profile",
        "has no associated iam roles",
        "iam role arn value is invalid",
        "invalid principal in policy",
        "service-linked role",
    ]) {
        return Some(FailureClass::NotYet);
    }
    if says(&["throttled by ec2"]) {
        return Some(FailureClass::Throttled);
    }
    // Messages have names in them: what exists may be called `pending-orders`.
    if code == "ResourceConflictException"
        && !says(&["already exist", "exists for"])
        && says(&["in progress", "update is in", "currently in the following state", "pending"])
    {
        return Some(FailureClass::Conflict);
    }
    None
}

fn is_missing(code: &str) -> bool {
    let ends = [".NotFound", "NotFoundException", "NotFoundFault", "NotFound"];
    ends.iter().any(|end| code.ends_with(end))
        || code == "NoSuchEntity"
        || code == "Gateway.NotAttached"
}

fn is_quota(code: &str) -> bool {
    code.ends_with("LimitExceeded")
        || code.ends_with("LimitExceededException")
        || code.ends_with("QuotaExceeded")
        || code.ends_with("QuotaExceededFault")
        || code == "LimitExceeded"
        || code.starts_with("TooMany")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_classes() {
        let of = |code| of_code(code, "", 400);
        assert_eq!(of("RequestLimitExceeded"), FailureClass::Throttled);
        assert_eq!(of("InvalidVpcID.NotFound"), FailureClass::Missing);
        assert_eq!(of("DBSubnetGroupNotFoundFault"), FailureClass::Missing);
        assert_eq!(of("VpcLimitExceeded"), FailureClass::Quota);
        assert_eq!(of("DependencyViolation"), FailureClass::Conflict);
        assert_eq!(of("InvalidParameterValue"), FailureClass::Invalid);
        assert_eq!(of("InvalidSubnetID.Malformed"), FailureClass::Invalid);
        assert_eq!(of("InvalidGroupId.Malformed"), FailureClass::Invalid);
        assert_eq!(of("RequestTimeout"), FailureClass::Ambiguous);
        assert_eq!(of_code("HTTP 503", "", 503), FailureClass::Unavailable);
    }

    #[test]
    fn only_wrong_credentials_end_a_run() {
        let of = |message| of_code("AuthFailure", message, 403);
        let wrong = "AWS was not able to validate the provided access credentials";
        assert_eq!(of(wrong), FailureClass::Credentials);
        assert_eq!(of("Not authorized for images: [ami-1]"), FailureClass::Denied);
    }

    #[test]
    fn an_overloaded_code_is_told_by_its_message() {
        let race = "The role defined for the function cannot be assumed by Lambda.";
        assert_eq!(of_code("InvalidParameterValueException", race, 400), FailureClass::NotYet);
        assert_eq!(
            of_code("InvalidParameterValueException", "Bad handler", 400),
            FailureClass::Invalid
        );
        let busy = "The operation cannot be performed at this time. An update is in progress.";
        assert_eq!(of_code("ResourceConflictException", busy, 409), FailureClass::Conflict);
        assert_eq!(
            of_code("ResourceConflictException", "Function already exist", 409),
            FailureClass::Exists
        );
        let named = "Function already exist: pending-orders";
        assert_eq!(of_code("ResourceConflictException", named, 409), FailureClass::Exists);
        let named = "FunctionUrlConfig exists for this Lambda function: pending-orders";
        assert_eq!(of_code("ResourceConflictException", named, 409), FailureClass::Exists);
    }
}
