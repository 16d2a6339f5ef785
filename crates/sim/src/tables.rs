//! What AWS does that the declaration of a kind does not say, as tables: rows of kinds that the
//! catalog lacks are without effect.

/// A default quota.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// Of which kind.
    pub kind: &'static str,
    /// The attribute within one value of which is counted; the whole Region, if none.
    pub within: Option<&'static str>,
    /// How many there may be; those that are being deleted count.
    pub most: usize,
    /// AWS's code beyond that.
    pub code: &'static str,
}

/// The default quotas.
pub const QUOTAS: &[Quota] = &[
    quota("vpc", None, 5, "VpcLimitExceeded"),
    quota("internet_gateway", None, 5, "InternetGatewayLimitExceeded"),
    quota("elastic_ip", None, 5, "AddressLimitExceeded"),
    quota("nat_gateway", Some("subnet"), 5, "NatGatewayLimitExceeded"),
    quota("subnet", Some("vpc"), 200, "SubnetLimitExceeded"),
    quota("route_table", Some("vpc"), 200, "RouteTableLimitExceeded"),
    quota("network_acl", Some("vpc"), 200, "NetworkAclLimitExceeded"),
    quota("security_group", None, 2500, "SecurityGroupLimitExceeded"),
    quota("db_instance", None, 40, "InstanceQuotaExceeded"),
    quota("db_subnet_group", None, 50, "DBSubnetGroupQuotaExceeded"),
    quota("db_parameter_group", None, 50, "DBParameterGroupQuotaExceeded"),
    quota("iam_role", None, 1000, "LimitExceeded"),
    quota("load_balancer", None, 50, "TooManyLoadBalancers"),
];

const fn quota(
    kind: &'static str,
    within: Option<&'static str>,
    most: usize,
    code: &'static str,
) -> Quota {
    Quota { kind, within, most, code }
}

/// A value that only one resource can hold.
#[derive(Debug, Clone, Copy)]
pub struct Exclusive {
    /// Of which kind.
    pub kind: &'static str,
    /// Which attribute; of a set, each element.
    pub attribute: &'static str,
    /// AWS's code for the second; none if the second takes it from the first.
    pub code: Option<&'static str>,
}

/// Values that only one resource of a kind can hold.
pub const EXCLUSIVE: &[Exclusive] = &[
    Exclusive {
        kind: "internet_gateway",
        attribute: "vpc",
        code: Some("Resource.AlreadyAssociated"),
    },
    Exclusive {
        kind: "nat_gateway",
        attribute: "elastic_ip",
        code: Some("Resource.AlreadyAssociated"),
    },
    Exclusive { kind: "route_table", attribute: "subnets", code: None },
    Exclusive { kind: "network_acl", attribute: "subnets", code: None },
];

/// A reference that does not keep what it names from being deleted.
#[derive(Debug, Clone, Copy)]
pub struct Loose {
    /// Whose reference.
    pub kind: &'static str,
    /// In which attribute.
    pub attribute: &'static str,
    /// To what.
    pub to: &'static [&'static str],
    /// Whether it goes with what it names; else it stays and leads nowhere.
    pub goes: bool,
}

/// References that do not keep what they name from being deleted. All others do, also where AWS
/// is not as strict.
pub const LOOSE: &[Loose] = &[
    Loose {
        kind: "route_table",
        attribute: "routes",
        to: &["internet_gateway", "nat_gateway", "instance"],
        goes: false,
    },
    Loose { kind: "route_table", attribute: "subnets", to: &["subnet"], goes: true },
    Loose { kind: "network_acl", attribute: "subnets", to: &["subnet"], goes: true },
    Loose { kind: "elastic_ip", attribute: "instance", to: &["instance"], goes: true },
];

/// Networks that may not overlap.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    /// Of which kind.
    pub kind: &'static str,
    /// The attribute with the network.
    pub attribute: &'static str,
    /// The attribute that names what it lies within; those with the same do not overlap.
    pub within: &'static str,
    /// The attributes of that other resource with the networks that contain it.
    pub containers: &'static [&'static str],
}

/// Networks that may not overlap and must lie within another.
pub const NETWORKS: &[Network] = &[Network {
    kind: "subnet",
    attribute: "cidr_block",
    within: "vpc",
    containers: &["cidr_block", "secondary_cidr_blocks"],
}];

/// A kind that AWS refuses unless one of another kind is in the same VPC, which then cannot go.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// The kind.
    pub kind: &'static str,
    /// What it needs.
    pub needs: &'static str,
    /// AWS's code without it.
    pub code: &'static str,
}

/// The orders of `Kind::after` that AWS itself enforces.
pub const NEEDS: &[Need] =
    &[Need { kind: "nat_gateway", needs: "internet_gateway", code: "Gateway.NotAttached" }];

/// Kinds that make one of another kind by themselves when it is missing, under the name that their
/// `Kind::after` gives it: a function makes its log group when it first runs.
pub const MADE_BY_AWS: &[(&str, &str)] = &[("lambda_function", "log_group")];

/// A kind whose network interfaces outlive it, for as long as `Kind::lingers` says.
#[derive(Debug, Clone, Copy)]
pub struct Linger {
    /// The kind.
    pub kind: &'static str,
    /// The attributes whose resources the interface holds; with nothing in them there is none.
    pub holds: &'static [&'static str],
    /// The attribute with the role that AWS needs to delete the interface.
    pub keeper: Option<&'static str>,
    /// How it is described, before the id.
    pub description: &'static str,
}

/// Kinds whose network interfaces outlive them.
pub const LINGERING: &[Linger] = &[
    Linger {
        kind: "lambda_function",
        holds: &["subnets", "security_groups"],
        keeper: Some("role"),
        description: "AWS Lambda VPC ENI-",
    },
    Linger {
        kind: "load_balancer",
        holds: &["subnets", "security_groups"],
        keeper: None,
        description: "ELB ",
    },
];

/// Whether resources of this kind are what AWS deletes lingering interfaces with.
pub fn is_keeper(kind: &str) -> bool {
    kind == KEEPER && LINGERING.iter().any(|row| row.keeper.is_some())
}

/// The kind that the `keeper` attributes name.
pub const KEEPER: &str = "iam_role";

/// Kinds that others can only use some seconds after they were made, though reads show them.
pub const PROPAGATION: &[(&str, u32)] = &[("iam_role", 9)];

/// What AWS makes of a short form, by kind, attribute, and another attribute whose value tells.
#[derive(Debug, Clone, Copy)]
pub struct Settled {
    /// The kind.
    pub kind: &'static str,
    /// The attribute.
    pub attribute: &'static str,
    /// Another attribute and the start of its value.
    pub when: (&'static str, &'static str),
    /// What it is when nothing is asked for.
    pub default: &'static str,
    /// What is asked for, and what it becomes.
    pub values: &'static [(&'static str, &'static str)],
}

/// Short forms of versions.
pub const SETTLED: &[Settled] = &[
    Settled {
        kind: "db_instance",
        attribute: "engine_version",
        when: ("engine", "postgres"),
        default: "17.4",
        values: &[
            ("13", "13.20"),
            ("14", "14.17"),
            ("15", "15.12"),
            ("16", "16.8"),
            ("17", "17.4"),
            ("18", "18.1"),
        ],
    },
    Settled {
        kind: "db_instance",
        attribute: "engine_version",
        when: ("engine", "mysql"),
        default: "8.0.40",
        values: &[("8", "8.4.4"), ("8.0", "8.0.40"), ("8.4", "8.4.4")],
    },
    Settled {
        kind: "db_instance",
        attribute: "engine_version",
        when: ("engine", "mariadb"),
        default: "11.4.4",
        values: &[
            ("10", "10.11.10"),
            ("10.6", "10.6.20"),
            ("10.11", "10.11.10"),
            ("11", "11.4.4"),
            ("11.4", "11.4.4"),
        ],
    },
];

/// Kinds whose making can end in a failed state; all others AWS makes or refuses.
pub const CAN_BREAK: &[&str] = &["nat_gateway", "db_instance", "lambda_function"];

/// What a resource has from another of its kind that it was made from.
#[derive(Debug, Clone, Copy)]
pub struct Copied {
    /// The kind.
    pub kind: &'static str,
    /// The attribute that names the other.
    pub from: &'static str,
    /// The attributes that are the other's, whatever is asked for.
    pub attributes: &'static [&'static str],
}

/// What copies take over.
pub const COPIED: &[Copied] = &[Copied {
    kind: "db_instance",
    from: "replica_of",
    attributes: &[
        "engine",
        "engine_version",
        "username",
        "db_name",
        "storage_encrypted",
        "kms_key",
        "subnet_group",
    ],
}];

/// Changes that wait for a maintenance window.
#[derive(Debug, Clone, Copy)]
pub struct PutOff {
    /// Of which kind.
    pub kind: &'static str,
    /// The attribute that says when, and the value of it that says later.
    pub when: (&'static str, &'static str),
    /// The attributes whose changes wait; the others change at once, whatever is said.
    pub attributes: &'static [&'static str],
}

/// Kinds with a maintenance window. A change that is made at once takes with it all that waits.
pub const PUT_OFF: &[PutOff] = &[PutOff {
    kind: "db_instance",
    when: ("apply", "window"),
    attributes: &[
        "instance_class",
        "engine_version",
        "allocated_storage",
        "storage_type",
        "iops",
        "storage_throughput",
        "multi_az",
        "port",
        "iam_authentication",
        "ca_certificate",
        "dedicated_log_volume",
    ],
}];

/// What of a kind waits for a window, if anything does.
pub fn put_off(kind: &str) -> Option<&'static PutOff> {
    PUT_OFF.iter().find(|row| row.kind == kind)
}

/// Attributes that keep a resource from being deleted while they are true.
pub const PROTECTIONS: &[&str] = &["deletion_protection", "termination_protection"];

/// Texts that a reference may hold without one of our resources behind them: what AWS provides in
/// every account.
pub const PROVIDED: &[&str] =
    &["arn:aws:iam::aws:", "alias/aws/", "aws/", "default", "pl-", "arn:aws:lambda:"];

/// AWS's code when a resource that is named does not exist; without a row it follows from the
/// kind's name.
pub const NOT_FOUND: &[(&str, &str)] = &[
    ("vpc", "InvalidVpcID.NotFound"),
    ("subnet", "InvalidSubnetID.NotFound"),
    ("internet_gateway", "InvalidInternetGatewayID.NotFound"),
    ("elastic_ip", "InvalidAllocationID.NotFound"),
    ("nat_gateway", "NatGatewayNotFound"),
    ("route_table", "InvalidRouteTableID.NotFound"),
    ("security_group", "InvalidGroup.NotFound"),
    ("network_acl", "InvalidNetworkAclID.NotFound"),
    ("vpc_endpoint", "InvalidVpcEndpointId.NotFound"),
    ("key_pair", "InvalidKeyPair.NotFound"),
    ("instance", "InvalidInstanceID.NotFound"),
    ("db_instance", "DBInstanceNotFound"),
    ("db_subnet_group", "DBSubnetGroupNotFoundFault"),
    ("db_parameter_group", "DBParameterGroupNotFound"),
    ("iam_role", "NoSuchEntity"),
    ("flow_log", "InvalidFlowLogId.NotFound"),
];

/// AWS's codes of a service: a name that is taken, something in use, something busy.
pub fn codes(service: &str) -> [&'static str; 3] {
    match service {
        "ec2" => ["InvalidGroup.Duplicate", "DependencyViolation", "IncorrectState"],
        "rds" => ["DBInstanceAlreadyExists", "InvalidDBSubnetGroupStateFault", BUSY_DATABASE],
        "iam" => ["EntityAlreadyExists", "DeleteConflict", "ConcurrentModification"],
        "lambda" => ["ResourceConflictException"; 3],
        _ => ["ResourceAlreadyExistsException", "ResourceInUseException", "OperationAborted"],
    }
}

const BUSY_DATABASE: &str = "InvalidDBInstanceState";
