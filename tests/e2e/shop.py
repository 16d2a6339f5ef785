"""Parts of a small stack, put together as a test needs them."""

NETWORK = """
stack: shop
region: us-west-2
vpc: { main: { cidr_block: 10.0.0.0/16 } }
subnet:
  private:
    for_each: [a, b]
    vpc: main
    availability_zone: ${each.key}
    cidr_block: ${cidr_subnet("10.0.0.0/16", 24, each.index)}
"""

DATABASE = """
db_subnet_group: { main: { subnets: [private] } }
variables: { password: { type: string, sensitive: true, default: long-enough-to-be-one } }
db_instance:
  main:
    engine: postgres
    username: shop
    password: ${var.password}
    db_name: shop
    instance_class: db.t3.micro
    allocated_storage: 20
    subnet_group: main
"""

OWN = "engine: postgres, username: shop, password: '${var.password}', allocated_storage: 20"
