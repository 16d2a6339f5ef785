//! The starter stacks of `trueup init`.

/// A starter stack.
pub(crate) struct Template {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it makes, and what it costs.
    pub(crate) summary: &'static str,
    /// Its files by path.
    pub(crate) files: &'static [(&'static str, &'static str)],
}

/// All of them, the smallest first.
pub(crate) const ALL: &[Template] = &[
    Template {
        name: "network",
        summary: "a VPC with public and private subnets in two zones (free)",
        files: &[("stack.yaml", include_str!("templates/network.yaml"))],
    },
    Template {
        name: "bastion",
        summary: "a machine that is reached through Session Manager, without SSH (about $8 a month)",
        files: &[("stack.yaml", include_str!("templates/bastion.yaml"))],
    },
    Template {
        name: "function",
        summary: "a Python function with a public address (free while idle)",
        files: &[
            ("stack.yaml", include_str!("templates/function.yaml")),
            ("functions/hello/app.py", include_str!("templates/function.py")),
        ],
    },
    Template {
        name: "private-database",
        summary: "a PostgreSQL database that only a bastion reaches (about $60 a month with its NAT)",
        files: &[("stack.yaml", include_str!("templates/private-database.yaml"))],
    },
];
