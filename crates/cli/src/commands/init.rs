//! `trueup init`: a first stack.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::render::json;
use crate::render::look::{Tone, columns};
use crate::templates::{self, Template};

/// Write a starter stack into a folder
///
/// Without a template's name the templates are listed. Nothing is ever overwritten.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Which template; leave it out for the list
    template: Option<String>,
    /// The folder to write into; made if need be
    #[arg(default_value = ".")]
    folder: PathBuf,
}

impl Init {
    pub(crate) fn run(&self, context: &Context) -> Result<u8, Error> {
        match &self.template {
            None => list(context),
            Some(name) => self.write(name, context),
        }
    }

    fn write(&self, name: &str, context: &Context) -> Result<u8, Error> {
        let template = templates::ALL.iter().find(|template| template.name == name);
        let template = template.ok_or_else(|| Error::Usage {
            message: format!("there is no template '{name}'"),
            help: format!("there are: {}", names().join(", ")),
        })?;
        let folder = context.folder.join(&self.folder);
        refuse_to_overwrite(template, &folder)?;
        for (path, content) in template.files {
            write(&folder.join(path), content)?;
        }
        let files = template.files.iter().map(|(path, _)| self.folder.join(path));
        let files: Vec<String> = files.map(|path| path.display().to_string()).collect();
        context.terminal.print(&if context.global.json {
            let format = trueup_model::plan::FORMAT;
            json::pretty(&json!({ "format": format, "template": name, "files": files }))
        } else {
            self.told(&files)
        })?;
        Ok(exit::DONE)
    }

    /// What was written, and how to go on.
    fn told(&self, files: &[String]) -> String {
        let wrote = files.join("\nWrote ");
        let change = if self.folder.as_os_str() == "." {
            String::new()
        } else {
            format!("  cd {}\n", self.folder.display())
        };
        format!(
            "Wrote {wrote}\n\nNext:\n{change}  trueup plan --sandbox     look at it in a simulated AWS, free of charge\n\
             \x20 trueup plan               look at what it would do in your account\n\
             \x20 trueup apply              do it, after asking\n"
        )
    }
}

fn list(context: &Context) -> Result<u8, Error> {
    if context.global.json {
        let all = templates::ALL.iter();
        let all = all.map(|one| json!({ "name": one.name, "summary": one.summary }));
        let all: Vec<Json> = all.collect();
        let document = json!({ "format": trueup_model::plan::FORMAT, "templates": all });
        context.terminal.print(&json::pretty(&document))?;
        return Ok(exit::DONE);
    }
    let look = context.terminal.look();
    let width = names().iter().map(|name| columns(name)).max().unwrap_or(0);
    let mut text = "Templates:\n".to_owned();
    for template in templates::ALL {
        let name = look.paint(Tone::Strong, format!("{:width$}", template.name));
        text += &format!("  {name}  {}\n", template.summary);
    }
    text += "\nWrite one into this folder: trueup init NAME\n";
    context.terminal.print(&text)?;
    Ok(exit::DONE)
}

fn names() -> Vec<&'static str> {
    templates::ALL.iter().map(|template| template.name).collect()
}

fn refuse_to_overwrite(template: &Template, folder: &std::path::Path) -> Result<(), Error> {
    let taken = template.files.iter().find(|(path, _)| folder.join(path).exists());
    taken.map_or(Ok(()), |(path, _)| {
        Err(Error::Usage {
            message: format!("{path} exists already, and nothing is overwritten"),
            help: format!("name another folder: trueup init {} FOLDER", template.name),
        })
    })
}

fn write(path: &std::path::Path, content: &str) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(path);
    std::fs::create_dir_all(parent)
        .and_then(|()| {
            use std::io::Write;
            // Not even between our look and now may something have come to stand there.
            std::fs::File::create_new(path)?.write_all(content.as_bytes())
        })
        .map_err(|source| Error::File { doing: "write", path: path.to_owned(), source })
}
