package oracle

// every matches each scenario, step or path.
const every = `.*`

// settingPaths matches the lines of one setting in an answer of DescribeConfigs or CreateTopics.
func settingPaths(names string) string {
	return `(Resources|Topics)\[.*\]\.Configs\[(` + names + `)\]\..*`
}

// twins is in what two Apache Kafkas differ.
var twins = []difference{
	{`32/broker .*`, every, settingPaths(`listeners|log\.dirs|controller\.quorum\.bootstrap\.servers`),
		"where each listens and keeps its data"},
}

// differences is everything in which Weir means to differ.
var differences = []difference{
	// What is not served is not promised.
	{`(18|57)/.*`, every, `ApiKeys(\.len|\[(17|34|36|38|39|40|41|43|45|46|48|49|50` +
		`|51|55|64|71|72|80|81|83|84|85|86|87|93|94)\]\..*)`,
		"APIs that are not served are not advertised"},
	{`(18|57)/.*`, every, `(Supported|Finalized)Features(\.len|\[(eligible\.leader\.replicas|kraft` +
		`)\.version\]\..*)`, "features of APIs that are not served are not promised"},
	{`18/unknown version .*`, every, `ApiKeys(\.len|\[.*\]\..*)`,
		"the whole list goes with error 35, not ApiVersions alone: one round trip less"},
	{`32/bad .*`, `client metrics`, `Resources\[.*\]\.Configs(\.len|\[.*\]\..*)?`,
		"client telemetry is not served and has no settings"},

	// Metadata and topics.
	{`3/(auto-create|cut short) .*`, `first|a byte too many`, `Topics.*`,
		"a topic is created before the answer, which then describes it: the client need not ask again"},
	{`3/auto-create .*`, `colliding name`, `Topics\[.*\]\.ErrorCode`,
		"a topic that cannot be created says why, instead of letting the client ask for ever"},
	{`3/ids v1[23]`, `neither`, every, "Kafka fails with a NullPointerException; the topic answers 42 here"},
	{`19/bad numbers .*`, `replication factor (2|32767)`, every,
		"a replication factor above the number of brokers is lowered to it unless told to be strict"},
	{`44/bad .*`, `unknown operation`, every,
		"Kafka fails with a NullPointerException; it is an invalid request here"},

	// Settings.
	{`(19|32|44)/.*`, every, settingPaths(`flush\.messages|log\.flush\.interval\.messages`),
		"acks=all is answered after an fsync by default"},
	{`(19|32|44)/.*`, every, settingPaths(`max\.decompressed\.message\.bytes`),
		"decompression is bounded by default"},
	{`(19|32|44)/.*`, every, settingPaths(`min\.insync\.replicas`) + `|Resources\[BROKER,\]\.Configs(\.len)?`,
		"Kafka writes this setting into the cluster's dynamic ones when it is formatted (KIP-966)"},
	{`32/broker .*`, `all`, settingPaths(`max\.connections|max\.connections\.per\.ip` +
		`|queued\.max\.request\.bytes|group\.(consumer\.)?max\.size`), "connections, memory and groups are bounded by default"},
	{`32/broker .*`, `all`, settingPaths(`(share\.coordinator\.state\.topic|offsets\.topic` +
		`|transaction\.state\.log)\.(min\.isr|replication\.factor)`),
		"internal topics have one replica by default"},
	{`32/broker .*`, `all`, settingPaths(`transaction\.abort\.timed\.out\.transaction\.cleanup\.interval\.ms`),
		"a transaction is aborted when it times out, not up to ten seconds later"},
	{`32/broker .*`, `all`, settingPaths(`weir\..*|log\.segment\.compression.*`) + `|.*\.Configs\.len`, "settings of our own"},
	{`(19|32)/.*`, every, settingPaths(`(segment\.compression|weir\.).*`) + `|.*\.Configs\.len`, "settings of our own"},
	{`32/broker .*`, every, settingPaths(`(advertised\.)?listeners|log\.dirs?|(broker|node)\.id|process\.roles` +
		`|controller\..*|inter\.broker\.listener\.name|listener\.security\.protocol\.map`),
		"where each broker listens and keeps its data, and there is no controller beside it"},
	{`32/broker .*`, `all`, settingPaths(`metric\.reporters|principal\.builder\.class` +
		`|sasl\.enabled\.mechanisms|remote\.log\.metadata\.manager\.class\.name` +
		`|sasl\.oauthbearer\.jwt\.(retriever|validator)\.class`),
		"Java classes and what is not served are no defaults"},
	{`19/configs .*`, every, settingPaths(`unclean\.leader\.election\.enable|retention\.ms`),
		"a setting is told as it was understood, not as it was written"},
	{`(32|44)/.*`, every, settingPaths(`errors\.deadletterqueue\.copy\.record\.enable`),
		"a dead letter carries its record by default"},
	{`32/broker .*`, `all`, settingPaths(`errors\.deadletterqueue\.auto\.create\.topics\.enable`),
		"a topic for dead letters is made when it is missing"},
	{`32/topic .*`, `documentation`, `.*\.Documentation`, "documented in our own words"},
	{`32/broker .*`, `all`, settingPaths(`socket\.receive\.buffer\.bytes`), "a client's receive buffer grows with use"},
	{`32/broker .*`, `all`, `Resources\[.*\]\.Configs\[.*\]\.ReadOnly`,
		"what takes effect at a restart only is read-only; settings that name files or code always are"},

	// Produce.
	{`0/.*`, every, `.*\.ErrorMessage`, "every refusal says why; Kafka does for some only"},
	{`0/.*`, every, `.*\.LogStartOffset`,
		"told with every refusal of a known partition; Kafka does for some only"},
	{`0/codecs .*`, every, `.*\.ErrorCode`,
		"batches that cannot be decompressed are invalid records; Kafka says unknown server error"},
	{`0/bad records .*`, `size of ten bytes`, `.*\.ErrorCode`,
		"a length that does not fit is an invalid record; Kafka says unknown server error"},
	{`0/bad batches .*`, `length (huge|too long)|first (17|60|61|70) bytes`, `.*\.ErrorCode`,
		"a batch that is cut off is a corrupt message, as one is whose checksum does not fit"},
	{`0/limits .*`, `plain topic, time -2`, every, "a timestamp that is no timestamp is refused, limits or not"},
	{`0/null records .*`, every, every, "null records are refused; Kafka never answers them"},

	{`24/(empty request|cut short) v[45]`, every, every,
		"Kafka fails with a NullPointerException; requests of brokers are refused here, there is no other"},
	{`(0/transactions|27/markers) .*`, `read committed`, `.*\.(RecordBatches|AbortedTransactions(\.len|\[.*\]\..*))`,
		"an answer goes as far as the last stable offset; Kafka ends it before the first marker"},
	{`26/bumped .*`, `write late`, `.*\.ErrorMessage`, "every refusal says why"},

	{`61/producers .*`, every, `.*\.ErrorMessage`, "every refusal says why"},

	// Fetch.
	{`1/bad .*`, `(partition )?limit of -1`, every,
		"a negative limit means none; Kafka says unknown server error"},
	{`1/bad .*`, `isolation 7`, every,
		"an unknown isolation reads what is committed; Kafka says unknown server error"},

	// Groups.
	{`14/leaves while it waits .*`, `its sync`, every,
		"a sync that is held back is answered when its member leaves; Kafka never answers it"},
	{`9/as a consumer .*`, `nobody in an epoch, .*`, `Groups\[.*\]\.ErrorCode`,
		"an epoch of nobody is an unknown member; Kafka says unknown server error"},

	{`88/topologies .*`, `negative|twice the id`, `Error(Code|Message)`,
		"a topology that says what cannot be is invalid; Kafka says unknown server error"},

	// Framing.
	{`18/headers .*`, `the same tag twice|tags in falling order`, every, "tags out of order do not decode"},
	{`(3/lying lengths v13|19/lying lengths v2|22/lying lengths v0|35/lying lengths v1|37/lying lengths v0` +
		`|(29|31)/lying lengths v1|88/lying lengths v[01])`,
		every, `note`, "a negative length other than -1 does not decode; Kafka takes it for null"},
}
