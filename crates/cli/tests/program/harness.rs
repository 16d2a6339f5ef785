//! A folder, an environment and a simulated AWS to run the program in.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use trueup_cli::{Connect, ConnectRequest, Input, Invocation, Output};
use trueup_provider::{Failure, FailureClass, Provider};
use trueup_sim::{Sim, SimOptions, World};

/// A folder, an environment and a simulated AWS to run the program in.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    pub(crate) environment: BTreeMap<String, String>,
    /// What stands for live AWS; without it, connecting fails as without credentials.
    pub(crate) aws: Option<Arc<dyn Provider>>,
    /// Where the user's data is.
    pub(crate) data_folder: Option<PathBuf>,
    width: u16,
}

/// How one run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            data_folder: Some(folder.path().join("data")),
            folder,
            environment: BTreeMap::new(),
            aws: None,
            width: 80,
        }
    }

    /// With this stack as `stack.yaml`.
    pub(crate) fn with_stack(text: &str) -> Self {
        Self::new().with("stack.yaml", text)
    }

    /// With this stack, and a simulated account that behaves as AWS.
    pub(crate) fn with_sim(text: &str) -> (Self, Arc<Sim>) {
        Self::with_options(text, SimOptions::usual())
    }

    /// With this stack, and a simulated account that behaves as `options` say.
    pub(crate) fn with_options(text: &str, options: SimOptions) -> (Self, Arc<Sim>) {
        let mut bench = Self::with_stack(text);
        let catalog = Arc::new(trueup_aws::catalog());
        let sim = Arc::new(Sim::new(catalog, World::new(1), options));
        bench.aws = Some(Arc::clone(&sim) as Arc<dyn Provider>);
        (bench, sim)
    }

    /// With one more file.
    pub(crate) fn with(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        String::from_utf8(std::fs::read(self.path(path)).unwrap()).unwrap()
    }

    /// Runs the program with nobody to answer.
    pub(crate) async fn run(&self, line: &str) -> Ran {
        self.start(line, None).await
    }

    /// Runs the program on a terminal, where somebody gives these answers.
    pub(crate) async fn answer(&self, line: &str, answers: &str) -> Ran {
        self.start(line, Some(answers)).await
    }

    /// Runs the program, and interrupts it after each of these times.
    pub(crate) async fn interrupt(&self, line: &str, after: &[Duration]) -> Ran {
        let times: Vec<Duration> = after.to_vec();
        let strikes = futures::stream::iter(times).then(tokio::time::sleep);
        self.begin(line, None, strikes.chain(futures::stream::pending()).boxed()).await
    }

    async fn start(&self, line: &str, answers: Option<&str>) -> Ran {
        self.begin(line, answers, futures::stream::pending().boxed()).await
    }

    async fn begin(
        &self,
        line: &str,
        answers: Option<&str>,
        interrupts: BoxStream<'static, ()>,
    ) -> Ran {
        let (stdout, stderr) = (Kept::default(), Kept::default());
        let person = answers.is_some();
        let output = |kept: &Kept| Output::new(kept.clone(), person, Some(self.width));
        let words = std::iter::once("trueup").chain(line.split_whitespace());
        let code = trueup_cli::run(Invocation {
            arguments: words.map(Into::into).collect(),
            environment: self.environment.clone(),
            folder: self.folder.path().to_owned(),
            data_folder: self.data_folder.clone(),
            stdin: Input {
                reader: Box::new(BufReader::new(Cursor::new(answers.unwrap_or("").to_owned()))),
                is_terminal: person,
            },
            stdout: output(&stdout),
            stderr: output(&stderr),
            connect: Box::new(Given(self.aws.clone())),
            clock: Arc::new(|| SystemTime::UNIX_EPOCH + Duration::from_hours(500_000)),
            place: "bench, process 1".to_owned(),
            interrupts,
        })
        .await;
        Ran { code, stdout: self.portable(&stdout.text()), stderr: self.portable(&stderr.text()) }
    }

    /// Text without the name of the temporary folder.
    fn portable(&self, text: &str) -> String {
        text.replace(&self.folder.path().display().to_string(), "FOLDER")
    }
}

impl Ran {
    /// Everything that was said.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// What a snapshot of a run shows.
    pub(crate) fn shown(&self) -> String {
        let Self { code, stdout, stderr } = self;
        let part = |name: &str, text: &str| match text {
            "" => String::new(),
            text => format!("--- {name}\n{text}"),
        };
        format!("exit code {code}\n{}{}", part("stdout", stdout), part("stderr", stderr))
    }

    /// The same, if it ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: u8) -> Self {
        assert_eq!(self.code, code, "{}", self.shown());
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.shown()))
    }

    /// Standard output as JSON lines.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.stdout.lines().map(parse).collect()
    }
}

/// Snowex, its function cut down to one file, and a simulated account.
pub(crate) fn snowex() -> (Bench, Arc<Sim>) {
    // Whether interfaces outlive the role that AWS needs to delete them is the engine's business.
    let options = SimOptions::usual();
    let (bench, sim) = Bench::with_options(&stack("snowex.yaml"), options);
    let bench = bench.with("functions/snowex-api/app.py", "def handler(event, context): pass\n");
    (bench, sim)
}

/// A small stack of everything that needs no data.
pub(crate) const SHOP: &str = "\
stack: shop
region: us-west-2
tags: { project: shop }

variables:
  size: { type: string, default: t3.micro, description: Size of the machine }

vpc:
  main: { cidr_block: 10.0.0.0/16 }

subnet:
  web:
    for_each: [a, b]
    vpc: main
    availability_zone: ${each.value}
    cidr_block: ${cidr_subnet(vpc.main.cidr_block, 24, each.index)}

security_group:
  web:
    vpc: main
    description: The web
    ingress:
      - { port: 443, from: [internet] }

iam_role:
  web:
    service: ec2.amazonaws.com

instance:
  web:
    ami: { ssm_parameter: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: ${var.size}
    subnet: web[a]
    security_groups: [web]
    iam_role: web

log_group:
  web: { name: /shop/web, retention_days: 14 }

expect:
  - internet does not reach instance.web

outputs:
  vpc_id: ${vpc.main.id}
  zones: ${subnet.web.availability_zone}
  motto: Sells things
";

/// A stack with a database in a network, which anything may be done to that is asked for.
pub(crate) fn with_database(stack: &str, password: &str, more: &str) -> String {
    format!("stack: {stack}\nregion: us-west-2\n{DATABASE}{more}").replace("PASSWORD", password)
}

const DATABASE: &str = "\
vpc:
  main: { cidr_block: 10.0.0.0/16 }
subnet:
  private:
    for_each: [a, b]
    vpc: main
    availability_zone: ${each.value}
    cidr_block: ${cidr_subnet(vpc.main.cidr_block, 24, each.index)}
db_subnet_group:
  main: { subnets: [private] }
db_instance:
  main:
    engine: postgres
    instance_class: db.t3.micro
    allocated_storage: 20
    username: admin_user
    password: PASSWORD
    subnet_group: main
    deletion_protection: false
";

/// The stacks of the project.
pub(crate) fn stacks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks")
}

/// The text of one of them.
pub(crate) fn stack(name: &str) -> String {
    String::from_utf8(std::fs::read(stacks().join(name)).unwrap()).unwrap()
}

struct Given(Option<Arc<dyn Provider>>);

#[async_trait]
impl Connect for Given {
    async fn connect(&self, _: ConnectRequest) -> Result<Arc<dyn Provider>, Failure> {
        self.0.clone().ok_or_else(|| {
            Failure::new(FailureClass::Credentials, "no credentials were found in the chain")
        })
    }
}

#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
