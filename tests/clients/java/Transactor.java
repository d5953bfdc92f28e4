import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The transactional producers of an agent, one for each transactional id. */
final class Transactor {
    private final String bootstrap;
    private final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();

    Transactor(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    private KafkaProducer<byte[], byte[]> producer(String id) {
        return producers.computeIfAbsent(id, key -> {
            KafkaProducer<byte[], byte[]> p = new KafkaProducer<>(Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
                ProducerConfig.TRANSACTIONAL_ID_CONFIG, key,
                ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class,
                ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class));
            p.initTransactions();
            return p;
        });
    }

    /** Begins a transaction, writes records, and sends the offset of a group if there is one. */
    void begin(JsonNode q, ConsumerGroupMetadata group) throws Exception {
        String topic = q.get("topic").asText();
        KafkaProducer<byte[], byte[]> p = producer(q.get("id").asText());
        p.beginTransaction();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (JsonNode r : q.get("records")) {
            sent.add(p.send(Wire.toProducerRecord(topic, r)));
        }
        for (Future<RecordMetadata> f : sent) {
            f.get();
        }
        if (group != null) {
            p.sendOffsetsToTransaction(
                Map.of(new TopicPartition(topic, q.get("partition").asInt()), new OffsetAndMetadata(q.get("from").asLong())),
                group);
        }
    }

    /** Commits or aborts the open transaction. */
    void end(JsonNode q) {
        KafkaProducer<byte[], byte[]> p = producer(q.get("id").asText());
        if (q.get("commit").asBoolean()) {
            p.commitTransaction();
        } else {
            p.abortTransaction();
        }
    }
}
