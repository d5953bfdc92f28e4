package config

// securityTable are the broker settings of TLS, SASL and delegation tokens. It is never written to.
var securityTable = []Def{
	{
		Name: "authorizer.class.name", Type: String, Ignored: true,
		Doc: "A Java class that decides who may do what; empty allows everything.",
	},
	{
		Name: "delegation.token.expiry.check.interval.ms", Type: Long, Default: "3600000",
		check: atLeast(1), Ignored: true,
		Doc: "The time between removals of expired delegation tokens.",
	},
	{
		Name: "delegation.token.expiry.time.ms", Type: Long, Default: "86400000", check: atLeast(1),
		Ignored: true, Doc: "How long a delegation token is valid before it must be renewed.",
	},
	{
		Name: "delegation.token.max.lifetime.ms", Type: Long, Default: "604800000",
		check: atLeast(1), Ignored: true, Doc: "How long a delegation token lives at most.",
	},
	{
		Name: "delegation.token.secret.key", Type: Password, Null: true, Ignored: true,
		Doc: "The key that signs delegation tokens.",
	},
	{
		Name: "principal.builder.class", Type: Class, Null: true, Ignored: true,
		Kafka: "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
		Doc:   "A Java class that names who a connection belongs to.",
	},
	{
		Name: "sasl.client.callback.handler.class", Type: Class, Null: true, Ignored: true,
		Doc: "A Java class for SASL clients.",
	},
	{
		Name: "sasl.enabled.mechanisms", Type: List, check: listOf(true), Scope: PerBroker,
		Ignored: true, Kafka: "GSSAPI", Doc: "The SASL mechanisms that are on.",
	},
	{
		Name: "sasl.jaas.config", Type: Password, Null: true, Scope: PerBroker, Ignored: true,
		Doc: "The JAAS login of a listener.",
	},
	{
		Name: "sasl.kerberos.kinit.cmd", Type: String, Default: "/usr/bin/kinit", Ignored: true,
		Doc: "The path of kinit.",
	},
	{
		Name: "sasl.kerberos.min.time.before.relogin", Type: Long, Default: "60000",
		Scope: PerBroker, Ignored: true, Doc: "The time between Kerberos logins.",
	},
	{
		Name: "sasl.kerberos.principal.to.local.rules", Type: List, Default: "DEFAULT",
		check: listOf(false), Scope: PerBroker, Ignored: true,
		Doc: "Rules that make short names of Kerberos principals.",
	},
	{
		Name: "sasl.kerberos.service.name", Type: String, Null: true, Scope: PerBroker,
		Ignored: true, Doc: "The Kerberos name the brokers run as.",
	},
	{
		Name: "sasl.kerberos.ticket.renew.jitter", Type: Double, Default: "0.05", Scope: PerBroker,
		Ignored: true, Doc: "The random part of the time at which a ticket is renewed.",
	},
	{
		Name: "sasl.kerberos.ticket.renew.window.factor", Type: Double, Default: "0.8",
		Scope: PerBroker, Ignored: true,
		Doc: "The part of a ticket's life after which it is renewed.",
	},
	{
		Name: "sasl.login.callback.handler.class", Type: Class, Null: true, Ignored: true,
		Doc: "A Java class for SASL logins.",
	},
	{
		Name: "sasl.login.class", Type: Class, Null: true, Ignored: true,
		Doc: "A Java class that logs in.",
	},
	{
		Name: "sasl.login.connect.timeout.ms", Type: Int, Null: true, Ignored: true,
		Doc: "How long a connection to an OAuth provider may take.",
	},
	{
		Name: "sasl.login.read.timeout.ms", Type: Int, Null: true, Ignored: true,
		Doc: "How long an answer of an OAuth provider may take.",
	},
	{
		Name: "sasl.login.refresh.buffer.seconds", Type: Short, Default: "300", Scope: PerBroker,
		Ignored: true, Doc: "The time before its end at which a login is refreshed at the latest.",
	},
	{
		Name: "sasl.login.refresh.min.period.seconds", Type: Short, Default: "60", Scope: PerBroker,
		Ignored: true, Doc: "The least time between refreshes of a login.",
	},
	{
		Name: "sasl.login.refresh.window.factor", Type: Double, Default: "0.8", Scope: PerBroker,
		Ignored: true, Doc: "The part of a login's life after which it is refreshed.",
	},
	{
		Name: "sasl.login.refresh.window.jitter", Type: Double, Default: "0.05", Scope: PerBroker,
		Ignored: true, Doc: "The random part of the time at which a login is refreshed.",
	},
	{
		Name: "sasl.login.retry.backoff.max.ms", Type: Long, Default: "10000", Ignored: true,
		Doc: "The longest pause between login attempts.",
	},
	{
		Name: "sasl.login.retry.backoff.ms", Type: Long, Default: "100", Ignored: true,
		Doc: "The first pause between login attempts.",
	},
	{
		Name: "sasl.mechanism.controller.protocol", Type: String, Default: "GSSAPI", Ignored: true,
		Doc: "The SASL mechanism between broker and controller.",
	},
	{
		Name: "sasl.mechanism.inter.broker.protocol", Type: String, Default: "GSSAPI",
		Scope: PerBroker, Ignored: true, Doc: "The SASL mechanism between brokers.",
	},
	{
		Name: "sasl.oauthbearer.allow.unverified.audience", Type: Boolean, Default: "false", Ignored: true,
		Doc: "Whether a token whose audience was not checked is accepted.",
	},
	{
		Name: "sasl.oauthbearer.allow.unverified.issuer", Type: Boolean, Default: "false", Ignored: true,
		Doc: "Whether a token whose issuer was not checked is accepted.",
	},
	{
		Name: "sasl.oauthbearer.assertion.algorithm", Type: String, Default: "RS256",
		check: oneOfFold("ES256", "RS256"), Ignored: true,
		Doc: "The algorithm that signs an OAuth assertion.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.aud", Type: String, Null: true, Ignored: true,
		Doc: "The audience of an OAuth assertion.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.exp.seconds", Type: Int, Default: "300",
		check: between(0, 86400), Ignored: true, Doc: "How long an OAuth assertion is valid.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.iss", Type: String, Null: true, Ignored: true,
		Doc: "The issuer of an OAuth assertion.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.jti.include", Type: Boolean, Default: "false",
		Ignored: true, Doc: "Whether an OAuth assertion has an id.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.nbf.seconds", Type: Int, Default: "60",
		check: between(0, 3600), Ignored: true,
		Doc: "How far before now an OAuth assertion becomes valid.",
	},
	{
		Name: "sasl.oauthbearer.assertion.claim.sub", Type: String, Null: true, Ignored: true,
		Doc: "The subject of an OAuth assertion.",
	},
	{
		Name: "sasl.oauthbearer.assertion.file", Type: String, Null: true, Ignored: true,
		Doc: "A file that holds an OAuth assertion.",
	},
	{
		Name: "sasl.oauthbearer.assertion.private.key.file", Type: String, Null: true,
		Ignored: true, Doc: "The file of the key that signs OAuth assertions.",
	},
	{
		Name: "sasl.oauthbearer.assertion.private.key.passphrase", Type: Password, Null: true,
		Ignored: true, Doc: "The passphrase of that key.",
	},
	{
		Name: "sasl.oauthbearer.assertion.template.file", Type: String, Null: true, Ignored: true,
		Doc: "A file with further claims of an OAuth assertion.",
	},
	{
		Name: "sasl.oauthbearer.client.credentials.client.id", Type: String, Null: true,
		Ignored: true, Doc: "The client id for OAuth's client credentials.",
	},
	{
		Name: "sasl.oauthbearer.client.credentials.client.secret", Type: Password, Null: true,
		Ignored: true, Doc: "The client secret for OAuth's client credentials.",
	},
	{
		Name: "sasl.oauthbearer.clock.skew.seconds", Type: Int, Default: "30", Ignored: true,
		Doc: "The clock difference an OAuth token may show.",
	},
	{
		Name: "sasl.oauthbearer.expected.audience", Type: List, check: listOf(true), Ignored: true,
		Doc: "The audiences an OAuth token must name.",
	},
	{
		Name: "sasl.oauthbearer.expected.issuer", Type: String, Null: true, Ignored: true,
		Doc: "The issuer an OAuth token must name.",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.refresh.ms", Type: Long, Default: "3600000",
		Ignored: true, Doc: "The time between reads of the OAuth provider's keys.",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", Type: Long, Default: "10000",
		Ignored: true, Doc: "The longest pause between attempts to read those keys.",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", Type: Long, Default: "100",
		Ignored: true, Doc: "The first pause between attempts to read those keys.",
	},
	{
		Name: "sasl.oauthbearer.jwks.endpoint.url", Type: String, Null: true, Ignored: true,
		Doc: "Where the OAuth provider's keys are read.",
	},
	{
		Name: "sasl.oauthbearer.jwt.retriever.class", Type: Class, Null: true, Ignored: true,
		Kafka: "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
		Doc:   "A Java class that gets OAuth tokens.",
	},
	{
		Name: "sasl.oauthbearer.jwt.validator.class", Type: Class, Null: true, Ignored: true,
		Kafka: "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
		Doc:   "A Java class that checks OAuth tokens.",
	},
	{
		Name: "sasl.oauthbearer.scope", Type: String, Null: true, Ignored: true,
		Doc: "The scope asked of the OAuth provider.",
	},
	{
		Name: "sasl.oauthbearer.scope.claim.name", Type: String, Default: "scope", Ignored: true,
		Doc: "The name of the scope claim of an OAuth token.",
	},
	{
		Name: "sasl.oauthbearer.sub.claim.name", Type: String, Default: "sub", Ignored: true,
		Doc: "The name of the subject claim of an OAuth token.",
	},
	{
		Name: "sasl.oauthbearer.token.endpoint.url", Type: String, Null: true, Ignored: true,
		Doc: "Where OAuth tokens are got.",
	},
	{
		Name: "sasl.server.callback.handler.class", Type: Class, Null: true, Ignored: true,
		Doc: "A Java class for SASL on the server.",
	},
	{
		Name: "sasl.server.max.receive.size", Type: Int, Default: "524288", Ignored: true,
		Doc: "The largest frame accepted before a SASL client is authenticated.",
	},
	{
		Name: "security.inter.broker.protocol", Type: String, Default: "PLAINTEXT",
		check: oneOf("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"), Ignored: true,
		Doc: "The security protocol between brokers.",
	},
	{
		Name: "security.providers", Type: String, Null: true, Ignored: true,
		Doc: "Java classes of security providers.",
	},
	{
		Name: "ssl.allow.dn.changes", Type: Boolean, Default: "false", Ignored: true,
		Doc: "Whether a new certificate may change the distinguished name.",
	},
	{
		Name: "ssl.allow.san.changes", Type: Boolean, Default: "false", Ignored: true,
		Doc: "Whether a new certificate may change the alternative names.",
	},
	{
		Name: "ssl.cipher.suites", Type: List, check: listOf(true), Scope: PerBroker, Ignored: true,
		Doc: "The cipher suites that are on.",
	},
	{
		Name: "ssl.client.auth", Type: String, Default: "none",
		check: oneOf("required", "requested", "none"), Scope: PerBroker, Ignored: true,
		Doc: "Whether clients must, may or need not show a certificate.",
	},
	{
		Name: "ssl.enabled.protocols", Type: List, Default: "TLSv1.2,TLSv1.3", check: listOf(false),
		Scope: PerBroker, Ignored: true, Doc: "The versions of TLS that are on.",
	},
	{
		Name: "ssl.endpoint.identification.algorithm", Type: String, Default: "https",
		Scope: PerBroker, Ignored: true,
		Doc: "How a server's name is checked against its certificate.",
	},
	{
		Name: "ssl.engine.factory.class", Type: Class, Null: true, Ignored: true,
		Doc: "A Java class that makes TLS engines.",
	},
	{
		Name: "ssl.key.password", Type: Password, Null: true, Scope: PerBroker, Ignored: true,
		Doc: "The password of the private key.",
	},
	{
		Name: "ssl.keymanager.algorithm", Type: String, Default: "SunX509", Scope: PerBroker,
		Ignored: true, Doc: "Java's algorithm for key managers.",
	},
	{
		Name: "ssl.keystore.certificate.chain", Type: Password, Null: true, Scope: PerBroker,
		Ignored: true, Doc: "The certificate chain, in PEM.",
	},
	{
		Name: "ssl.keystore.key", Type: Password, Null: true, Scope: PerBroker, Ignored: true,
		Doc: "The private key, in PEM.",
	},
	{
		Name: "ssl.keystore.location", Type: String, Null: true, Ignored: true,
		Doc: "The file of the key store.",
	},
	{
		Name: "ssl.keystore.password", Type: Password, Null: true, Scope: PerBroker, Ignored: true,
		Doc: "The password of the key store.",
	},
	{
		Name: "ssl.keystore.type", Type: String, Default: "JKS", Scope: PerBroker, Ignored: true,
		Doc: "The format of the key store.",
	},
	{
		Name: "ssl.principal.mapping.rules", Type: String, Default: "DEFAULT", Ignored: true,
		Doc: "Rules that make names of certificates' distinguished names.",
	},
	{
		Name: "ssl.protocol", Type: String, Default: "TLSv1.3", Scope: PerBroker, Ignored: true,
		Doc: "The version of TLS of the engine.",
	},
	{
		Name: "ssl.provider", Type: String, Null: true, Scope: PerBroker, Ignored: true,
		Doc: "The Java security provider.",
	},
	{
		Name: "ssl.secure.random.implementation", Type: String, Null: true, Scope: PerBroker,
		Ignored: true, Doc: "Java's source of random numbers.",
	},
	{
		Name: "ssl.trustmanager.algorithm", Type: String, Default: "PKIX", Scope: PerBroker,
		Ignored: true, Doc: "Java's algorithm for trust managers.",
	},
	{
		Name: "ssl.truststore.certificates", Type: Password, Null: true, Scope: PerBroker,
		Ignored: true, Doc: "The trusted certificates, in PEM.",
	},
	{
		Name: "ssl.truststore.location", Type: String, Null: true, Ignored: true,
		Doc: "The file of the trust store.",
	},
	{
		Name: "ssl.truststore.password", Type: Password, Null: true, Scope: PerBroker,
		Ignored: true, Doc: "The password of the trust store.",
	},
	{
		Name: "ssl.truststore.type", Type: String, Default: "JKS", Scope: PerBroker, Ignored: true,
		Doc: "The format of the trust store.",
	},
}
