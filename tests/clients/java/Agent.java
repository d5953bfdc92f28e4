import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The Java client behind the test agents' line protocol: one JSON request per line in, one JSON answer out.
 * See agent.go in the folder above for the operations.
 */
public final class Agent implements Wire.Handler {
    private static final int MAX_BYTES = 16 << 20;

    private final String bootstrap;
    private final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    private final Map<String, KafkaConsumer<byte[], byte[]>> readers = new HashMap<>(); // by isolation level
    private final Transactor transactor;
    private final Map<String, Sharer> sharers = new HashMap<>();
    private Joined member;

    private Agent(String bootstrap) {
        this.bootstrap = bootstrap;
        this.transactor = new Transactor(bootstrap);
    }

    /** Serves requests until standard input ends. */
    public static void main(String[] args) throws Exception {
        Wire.serve(new Agent(args[0]));
    }

    @Override
    public void handle(String op, JsonNode q, ObjectNode a) throws Exception {
        switch (op) {
            case "hello" -> hello(a);
            case "create" -> create(q);
            case "delete" -> delete(q);
            case "produce" -> produce(q, a);
            case "fetch" -> fetch(q, a);
            case "offset" -> offset(q, a);
            case "committed" -> committed(q, a);
            case "join" -> {
                KafkaConsumer<byte[], byte[]> c = consumer(q.get("group").asText(), q);
                member = q.hasNonNull("diary") ? Worker.join(c, q) : Member.join(c, q);
            }
            case "state" -> member.state(a);
            case "commit" -> member.commit();
            case "leave" -> member.leave();
            case "begin" -> begin(q);
            case "end" -> transactor.end(q);
            case "share_open" -> sharers.put(q.get("member").asText(), new Sharer(bootstrap, q));
            case "share_poll" -> sharers.get(q.get("member").asText()).poll(q, a);
            case "share_ack" -> sharers.get(q.get("member").asText()).acknowledge(q);
            case "share_close" -> sharers.remove(q.get("member").asText()).close();
            default -> throw new IllegalArgumentException("unknown op " + op);
        }
    }

    private static void hello(ObjectNode a) throws Exception {
        Properties about = new Properties();
        try (InputStream in = KafkaConsumer.class.getResourceAsStream("/kafka/kafka-version.properties")) {
            about.load(in);
        }
        a.put("version", about.getProperty("version"));
        for (String c : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            a.withArray("codecs").add(c);
        }
        for (String c : List.of("admin", "idempotent", "static", "cooperative", "headers")) {
            a.withArray("can").add(c);
        }
    }

    private Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    private void create(JsonNode q) throws Exception {
        Map<String, String> config = new HashMap<>();
        q.get("config").properties().forEach(e -> config.put(e.getKey(), e.getValue().asText()));
        NewTopic topic = new NewTopic(q.get("topic").asText(), Optional.of(q.get("partitions").asInt()),
            Optional.empty());
        try (Admin admin = admin()) {
            admin.createTopics(List.of(topic.configs(config))).all().get();
        }
    }

    private void delete(JsonNode q) throws Exception {
        try (Admin admin = admin()) {
            admin.deleteTopics(List.of(q.get("topic").asText())).all().get();
        }
    }

    private KafkaProducer<byte[], byte[]> producer(String codec) {
        return producers.computeIfAbsent(codec, c -> new KafkaProducer<>(Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
            ProducerConfig.COMPRESSION_TYPE_CONFIG, c,
            ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_BYTES,
            ProducerConfig.BUFFER_MEMORY_CONFIG, 4L * MAX_BYTES,
            ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class,
            ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class)));
    }

    private void produce(JsonNode q, ObjectNode a) throws Exception {
        KafkaProducer<byte[], byte[]> p = producer(q.get("codec").asText());
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (JsonNode r : q.get("records")) {
            sent.add(p.send(Wire.toProducerRecord(q.get("topic").asText(), r)));
        }
        p.flush();
        for (Future<RecordMetadata> f : sent) {
            a.withArray("offsets").add(f.get().offset());
            a.withArray("partitions").add(f.get().partition());
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer(String group, JsonNode q) {
        Map<String, Object> c = new HashMap<>();
        c.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        c.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        c.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        c.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        c.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        c.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 100);
        c.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, MAX_BYTES);
        if (group != null) {
            c.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        }
        if (q.hasNonNull("protocol")) {
            c.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, q.get("protocol").asText());
        } else if (q.hasNonNull("session_ms")) {
            c.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, q.get("session_ms").asInt());
            c.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 500);
        }
        if (q.hasNonNull("isolation")) {
            c.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, q.get("isolation").asText());
        }
        if (q.hasNonNull("instance")) {
            c.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, q.get("instance").asText());
        }
        if (q.hasNonNull("regex")) {
            c.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, 1000);
        }
        if (q.hasNonNull("assignor")) {
            assignor(c, q.hasNonNull("protocol"), q.get("assignor").asText());
        }
        return new KafkaConsumer<>(c);
    }

    /** Sets the assignor, or several in order with commas between: of the server in the consumer protocol. */
    private static void assignor(Map<String, Object> config, boolean server, String names) {
        if (server) {
            config.put(ConsumerConfig.GROUP_REMOTE_ASSIGNOR_CONFIG, names);
            return;
        }
        List<String> classes = new ArrayList<>();
        for (String name : names.split(",")) {
            classes.add("org.apache.kafka.clients.consumer." + switch (name) {
                case "cooperative" -> "CooperativeSticky";
                case "sticky" -> "Sticky";
                case "roundrobin" -> "RoundRobin";
                default -> "Range";
            } + "Assignor");
        }
        config.put(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, classes);
    }

    private KafkaConsumer<byte[], byte[]> reader(JsonNode q) {
        return readers.computeIfAbsent(q.path("isolation").asText(), isolation -> consumer(null, q));
    }

    private static TopicPartition partition(JsonNode q) {
        return new TopicPartition(q.get("topic").asText(), q.get("partition").asInt());
    }

    private void fetch(JsonNode q, ObjectNode a) {
        TopicPartition tp = partition(q);
        int count = q.get("count").asInt();
        long deadline = System.nanoTime() + q.get("wait_ms").asLong() * 1_000_000;
        ArrayNode out = a.withArray("records");
        KafkaConsumer<byte[], byte[]> c = reader(q);
        c.assign(List.of(tp));
        if (q.hasNonNull("at")) {
            c.seek(tp, lookup(c, tp, q.get("at").asLong()));
        } else {
            c.seek(tp, q.get("from").asLong());
        }
        while (out.size() < count && System.nanoTime() < deadline) {
            for (ConsumerRecord<byte[], byte[]> r : c.poll(Duration.ofMillis(200))) {
                if (out.size() < count) {
                    out.add(Wire.toJson(r));
                }
            }
        }
        c.unsubscribe();
    }

    private static long lookup(Consumer<byte[], byte[]> c, TopicPartition tp, long at) {
        if (at == -1) {
            return c.endOffsets(List.of(tp)).get(tp);
        }
        if (at == -2) {
            return c.beginningOffsets(List.of(tp)).get(tp);
        }
        OffsetAndTimestamp found = c.offsetsForTimes(Map.of(tp, at)).get(tp);
        return found == null ? -1 : found.offset();
    }

    private void offset(JsonNode q, ObjectNode a) {
        a.put("offset", lookup(reader(q), partition(q), q.get("at").asLong()));
    }

    private void begin(JsonNode q) throws Exception {
        if (!q.hasNonNull("group")) {
            transactor.begin(q, null);
            return;
        }
        try (KafkaConsumer<byte[], byte[]> c = consumer(q.get("group").asText(), q)) {
            transactor.begin(q, c.groupMetadata());
        }
    }

    private void committed(JsonNode q, ObjectNode a) {
        TopicPartition tp = partition(q);
        try (KafkaConsumer<byte[], byte[]> c = consumer(q.get("group").asText(), q)) {
            OffsetAndMetadata m = c.committed(java.util.Set.of(tp)).get(tp);
            a.put("offset", m == null ? -1 : m.offset());
        }
    }
}
