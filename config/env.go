package config

import (
	"regexp"
	"slices"
	"strings"
)

// imageSettings are KAFKA_ variables that Apache's container image uses itself and does not turn into
// broker settings.
var imageSettings = []string{
	"KAFKA_VERSION", "KAFKA_HOME", "KAFKA_HEAP_OPTS", "KAFKA_OPTS", "KAFKA_JMX_OPTS", "KAFKA_JMX_PORT",
	"KAFKA_JMX_HOSTNAME", "KAFKA_JVM_PERFORMANCE_OPTS", "KAFKA_GC_LOG_OPTS", "KAFKA_LOG4J_OPTS",
	"KAFKA_LOG4J_ROOT_LOGLEVEL", "KAFKA_LOG4J_LOGGERS", "KAFKA_TOOLS_LOG4J_LOGLEVEL", "KAFKA_LOG_DIR",
	"KAFKA_DEBUG", "KAFKA_CLUSTER_ID",
}

// orchestrated matches what Kubernetes and Docker links put into the environment of a container that
// runs beside a service called kafka or weir.
var orchestrated = regexp.MustCompile(`^(KAFKA|WEIR)_(SERVICE_(HOST|PORT.*)|PORT(_\d+_(TCP|UDP).*)?)$`)

// ownVariables are WEIR_ variables that say something to the program, not to the broker.
var ownVariables = []string{"WEIR_CONFIG", "WEIR_BOOTSTRAP"}

// dotted turns the rest of a variable's name into a setting's name by the rule of Apache's container
// image: _ is a dot, __ an underscore, ___ a dash.
func dotted(rest string) string {
	name := strings.ReplaceAll(strings.ToLower(rest), "_", ".")
	name = strings.ReplaceAll(name, "...", "-")
	return strings.ReplaceAll(name, "..", "_")
}

// kafkaVariable names the setting that a KAFKA_ variable gives; false when it gives none.
func kafkaVariable(variable string) (string, bool) {
	rest, ok := strings.CutPrefix(variable, "KAFKA_")
	if !ok || slices.Contains(imageSettings, variable) && brokerDefs.byName[dotted(rest)] == nil ||
		variable == "KAFKA_LOG_DIR" || orchestrated.MatchString(variable) {
		return "", false
	}
	return dotted(rest), true
}

// ownVariable names the setting that a WEIR_ variable gives: WEIR_LOG_LEVEL is weir.log.level, and
// WEIR_LOG_RETENTION_HOURS, there being no weir.log.retention.hours, is log.retention.hours.
func ownVariable(variable string) (string, bool) {
	rest, ok := strings.CutPrefix(variable, "WEIR_")
	if !ok || slices.Contains(ownVariables, variable) || strings.HasPrefix(rest, "TEST_") ||
		orchestrated.MatchString(variable) {
		return "", false
	}
	name := dotted(rest)
	if brokerDefs.byName["weir."+name] != nil {
		return "weir." + name, true
	}
	return name, true
}
