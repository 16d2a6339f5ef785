//! `trueup show`: what is live.

use clap::Args;
use trueup_model::{Address, Live};

use crate::context::{Context, View};
use crate::error::Error;
use crate::exit;
use crate::render::{json, show};

/// Show the stack's resources as AWS has them
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The stack file (ends in .yaml), and addresses to show in full
    #[arg(value_name = "STACK|ADDRESS")]
    what: Vec<String>,
}

impl Show {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        let (stack, addresses) = self.split()?;
        let situation = context.look_at(stack, View::Stack).await?;
        let owned = show::owned(&situation.snapshot, &situation.stack.name);
        let chosen = choose(owned, &addresses)?;
        let look = context.terminal.look();
        let text = if context.global.json {
            let (stack, snapshot) = (&situation.stack.name, &situation.snapshot);
            json::pretty(&show::document(stack, &chosen, snapshot))
        } else if addresses.is_empty() && !context.global.verbose {
            show::table(&chosen, &situation.snapshot, &look)
        } else {
            let each = chosen.iter();
            let each = each.map(|(address, live)| show::one(address, live, &look));
            each.collect::<Vec<_>>().join("\n")
        };
        context.terminal.print(&text)?;
        Ok(if situation.is_partial() { exit::ERROR } else { exit::DONE })
    }

    fn split(&self) -> Result<(Option<&std::path::Path>, Vec<Address>), Error> {
        let mut stack = None;
        let mut addresses = Vec::new();
        for word in &self.what {
            let path = std::path::Path::new(word);
            let is_file = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
            if is_file && stack.is_none() {
                stack = Some(path);
            } else {
                let address = word.parse::<Address>().map_err(|error| Error::Usage {
                    message: error.to_string(),
                    help: "a stack file ends in .yaml".to_owned(),
                })?;
                addresses.push(address);
            }
        }
        Ok((stack, addresses))
    }
}

/// The resources at the addresses; a family's address means all of its instances.
fn choose<'a>(
    owned: Vec<(&'a Address, &'a Live)>,
    addresses: &[Address],
) -> Result<Vec<(&'a Address, &'a Live)>, Error> {
    if addresses.is_empty() {
        return Ok(owned);
    }
    let is_at = |found: &Address, wanted: &Address| {
        found == wanted || (wanted.key.is_none() && found.is_instance_of(wanted))
    };
    for wanted in addresses {
        if !owned.iter().any(|(found, _)| is_at(found, wanted)) {
            return Err(Error::Usage {
                message: format!("{wanted} does not exist in AWS"),
                help: "'trueup show' lists what does".to_owned(),
            });
        }
    }
    let wanted = |found: &Address| addresses.iter().any(|wanted| is_at(found, wanted));
    Ok(owned.into_iter().filter(|(found, _)| wanted(found)).collect())
}
