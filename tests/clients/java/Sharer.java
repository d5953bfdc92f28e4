import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** One member of a share group, which does what it is told and nothing in between. */
final class Sharer {
    private final KafkaShareConsumer<byte[], byte[]> consumer;
    private final Map<String, ConsumerRecord<byte[], byte[]>> held = new HashMap<>(); // by partition and offset

    Sharer(String bootstrap, JsonNode q) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        p.put("group.id", q.get("group").asText());
        p.put("share.acknowledgement.mode", q.get("explicit").asBoolean() ? "explicit" : "implicit");
        if (q.hasNonNull("max")) {
            p.put("max.poll.records", q.get("max").asText());
            p.put("share.acquire.mode", "record_limit");
        }
        p.put("key.deserializer", ByteArrayDeserializer.class.getName());
        p.put("value.deserializer", ByteArrayDeserializer.class.getName());
        consumer = new KafkaShareConsumer<>(p);
        consumer.subscribe(List.of(q.get("topic").asText()));
    }

    /** Takes what comes within a time, once something has come. */
    void poll(JsonNode q, ObjectNode a) {
        long deadline = System.nanoTime() + q.get("wait_ms").asLong() * 1_000_000;
        var out = a.withArray("records");
        held.clear();
        while (out.isEmpty() && System.nanoTime() < deadline) {
            for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) {
                held.put(r.partition() + " " + r.offset(), r);
                out.add(Wire.toJson(r).put("n", r.deliveryCount().orElse((short) 0)));
            }
        }
    }

    /** Acknowledges records of the last poll, and returns when the broker has answered. */
    void acknowledge(JsonNode q) {
        for (JsonNode ack : q.get("acks")) {
            ConsumerRecord<byte[], byte[]> r = held.get(ack.get("p").asInt() + " " + ack.get("o").asLong());
            consumer.acknowledge(r, AcknowledgeType.valueOf(ack.get("type").asText().toUpperCase()));
        }
        for (Map.Entry<TopicIdPartition, Optional<KafkaException>> e : consumer.commitSync().entrySet()) {
            e.getValue().ifPresent(x -> {
                throw x;
            });
        }
    }

    void close() {
        consumer.close();
    }
}
