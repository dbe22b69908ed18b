/** Five small made-up APIs, with the names of those in Redpanda's documentation. */

export interface Api {
  readonly name: string
  readonly title: string
  readonly about: string
  /** How a caller authenticates. */
  readonly authentication: string
  /** `<method> <path>` to what it does. */
  readonly operations: Readonly<Record<string, string>>
  readonly schemas: Readonly<Record<string, string>>
  readonly topics: Readonly<Record<string, string>>
  /** Events to what is sent. */
  readonly webhooks: Readonly<Record<string, string>>
}

export const apis: readonly Api[] = [
  {
    name: 'admin',
    title: 'Admin API',
    about: 'Manages the brokers of a Redpanda cluster: configuration, partitions, users and health.',
    authentication: 'HTTP Basic with the name and password of a superuser, or SCRAM where the cluster asks for it.',
    operations: {
      'GET /v1/brokers': 'Lists the brokers of the cluster with their state.',
      'GET /v1/brokers/{id}': 'Describes one broker.',
      'PUT /v1/brokers/{id}/decommission': 'Moves every partition away from a broker, which may then be removed.',
      'GET /v1/cluster/health_overview': 'Says whether the cluster is healthy, and which nodes are down.',
      'PUT /v1/cluster_config': 'Changes the configuration of the cluster.',
      'GET /v1/partitions': 'Lists the partitions that this broker holds.',
      'POST /v1/security/users': 'Creates a user with a SCRAM password.',
      'DELETE /v1/security/users/{user}': 'Removes a user.',
    },
    schemas: {
      broker: 'A broker: node_id, num_cores, membership_status, is_alive, version.',
      partition: 'A partition: namespace, topic, partition_id, core, leader.',
      cluster_health_overview: 'is_healthy, controller_id, all_nodes, nodes_down, leaderless_partitions.',
    },
    topics: {
      'Decommission a broker': 'Wait until the broker holds no partition before you stop it.',
      Errors: 'An error is JSON with message and code.',
    },
    webhooks: {},
  },
  {
    name: 'cloud-controlplane',
    title: 'Cloud Control Plane API',
    about: 'Creates and manages clusters, networks and resource groups in Redpanda Cloud.',
    authentication: 'OAuth 2.0 client credentials: exchange the id and secret of a service account for a token.',
    operations: {
      'POST /v1/clusters': 'Creates a cluster; the answer is a long-running operation.',
      'GET /v1/clusters': 'Lists clusters, page by page.',
      'GET /v1/clusters/{id}': 'Describes a cluster.',
      'DELETE /v1/clusters/{id}': 'Deletes a cluster; the answer is a long-running operation.',
      'POST /v1/networks': 'Creates the network that a cluster lives in.',
      'GET /v1/operations/{id}': 'Says how far a long-running operation has come.',
      'POST /v1/resource-groups': 'Creates a resource group.',
    },
    schemas: {
      Cluster: 'A cluster: id, name, cloud_provider, region, type, state, throughput_tier.',
      Network: 'A network: id, name, cidr_block, region.',
      Operation: 'A long-running operation: id, type, state, started_at, finished_at.',
    },
    topics: {
      'Long-running operations': 'Ask for the operation until its state is COMPLETED or FAILED.',
      Pagination: 'Send page_token from the last answer until next_page_token is empty.',
    },
    webhooks: {
      'cluster.ready': 'Sent when a cluster can be used: id, name, region.',
      'operation.failed': 'Sent when a long-running operation has failed: id, type, reason.',
    },
  },
  {
    name: 'cloud-dataplane',
    title: 'Cloud Data Plane API',
    about: 'Works inside one Redpanda Cloud cluster: topics, users, access control lists, pipelines and secrets.',
    authentication: 'The same bearer token as for the control plane, sent to the address of the cluster.',
    operations: {
      'GET /v1/topics': 'Lists the topics of the cluster.',
      'POST /v1/topics': 'Creates a topic with partitions, replication and configuration.',
      'DELETE /v1/topics/{name}': 'Deletes a topic and what it holds.',
      'POST /v1/acls': 'Creates an access control list entry.',
      'GET /v1/users': 'Lists users.',
      'POST /v1/pipelines': 'Creates a Redpanda Connect pipeline.',
      'PUT /v1/secrets/{id}': 'Replaces a secret that pipelines use.',
    },
    schemas: {
      Topic: 'A topic: name, partition_count, replication_factor, configs.',
      Pipeline: 'A pipeline: id, display_name, config_yaml, state.',
      ACL: 'Who may do what: principal, host, resource_type, resource_name, operation, permission_type.',
    },
    topics: { 'Address of the data plane': 'GetCluster of the control plane says it, as dataplane_api.url.' },
    webhooks: {},
  },
  {
    name: 'http-proxy',
    title: 'HTTP Proxy API',
    about: 'Produces and consumes records over HTTP, without a Kafka client.',
    authentication: 'HTTP Basic with SCRAM credentials, or none, as the proxy is configured.',
    operations: {
      'GET /topics': 'Lists the names of the topics.',
      'POST /topics/{topic}': 'Produces records to a topic.',
      'GET /topics/{topic}/partitions/{partition}/records': 'Fetches records from an offset on.',
      'POST /consumers/{group}': 'Creates a consumer in a group.',
      'POST /consumers/{group}/instances/{instance}/subscription': 'Subscribes a consumer to topics.',
      'DELETE /consumers/{group}/instances/{instance}': 'Removes a consumer from its group.',
    },
    schemas: {
      produce_request: 'records: a list of value, key and partition.',
      offsets: 'topic, partition, offset and metadata.',
    },
    topics: { 'Content types': 'Records travel as application/vnd.kafka.json.v2+json or binary.v2+json.' },
    webhooks: {},
  },
  {
    name: 'schema-registry',
    title: 'Schema Registry API',
    about: 'Stores the schemas of records, with versions and compatibility.',
    authentication: 'HTTP Basic, or a bearer token of the OpenID Provider, where the registry is configured for it.',
    operations: {
      'GET /subjects': 'Lists the subjects.',
      'POST /subjects/{subject}/versions': 'Registers a schema as the next version of a subject.',
      'GET /subjects/{subject}/versions/{version}': 'Gives one version of a subject.',
      'GET /schemas/ids/{id}': 'Gives a schema by its id.',
      'PUT /config/{subject}': 'Sets the compatibility of a subject.',
      'POST /compatibility/subjects/{subject}/versions/{version}': 'Says whether a schema would be compatible.',
    },
    schemas: {
      schema_def: 'schema, schemaType (AVRO, PROTOBUF, JSON) and references.',
      subject_schema: 'subject, version, id and schema.',
    },
    topics: { Compatibility: 'BACKWARD, FORWARD, FULL, each also _TRANSITIVE, or NONE.' },
    webhooks: {},
  },
]
