//! Reads that answer in pages.

use std::error::Error;
use std::future::Future;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use trueup_provider::{Call, Failure};

use super::session::Session;

impl Session<'_> {
    /// Everything that a read gives. `send` asks for the page that a token names, the first one without
    /// a token; `open` gives what is on a page and the next one's token, which some services leave empty
    /// on the last page.
    pub(crate) async fn pages<T, Page, E, Answer>(
        &self,
        call: Call,
        mut send: impl FnMut(Option<String>) -> Answer + Send,
        mut open: impl FnMut(Page) -> (Vec<T>, Option<String>) + Send,
    ) -> Result<Vec<T>, Failure>
    where
        T: Send,
        Page: RequestId + Send,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        Answer: Future<Output = Result<Page, SdkError<E, HttpResponse>>> + Send,
    {
        let mut all = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let page = self.call(call, || send(next.clone())).await?;
            let (found, token) = open(page);
            all.extend(found);
            next = token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(all);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::live::stage::{Answer, Stage};
    use crate::services::calls;

    /// The second page is empty and not the last; the last one has an empty token.
    #[test]
    fn pages_are_read_to_the_last() {
        let subnet = |id: &str| format!("<item><subnetId>{id}</subnetId></item>");
        let stage = Stage::new(move |asked| {
            let (found, next) = match asked.get("NextToken") {
                "" => (subnet("subnet-1") + &subnet("subnet-2"), "a"),
                "a" => (String::new(), "b"),
                _ => (subnet("subnet-3"), ""),
            };
            Answer::xml(format!("<subnetSet>{found}</subnetSet><nextToken>{next}</nextToken>"))
        });
        let all = ["subnet-1".to_owned()];
        let found = stage.run(async |aws| calls("subnet").unwrap().read(aws, &all).await).unwrap();
        let ids: Vec<&str> = found.iter().map(|live| live.id.as_str()).collect();
        assert_eq!(ids, ["subnet-1", "subnet-2", "subnet-3"]);
    }
}
