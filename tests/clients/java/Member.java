import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.TopicPartition;

/** One group member: a thread that polls all the time, keeps what it got, and takes orders between polls. */
final class Member implements Joined, ConsumerRebalanceListener {
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final BlockingQueue<FutureTask<Void>> orders = new LinkedBlockingQueue<>();
    private final Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
    private final Thread loop;

    // Guarded by this.
    private final List<ConsumerRecord<byte[], byte[]>> received = new ArrayList<>();
    private Set<TopicPartition> assignment = Set.of();
    private int revoked;
    private Exception failure;

    private volatile boolean leaving;

    private Member(KafkaConsumer<byte[], byte[]> consumer) {
        this.consumer = consumer;
        this.loop = new Thread(this::run, "member");
    }

    static Member join(KafkaConsumer<byte[], byte[]> consumer, JsonNode q) {
        Member m = new Member(consumer);
        if (q.hasNonNull("regex") && !q.hasNonNull("protocol")) {
            consumer.subscribe(Pattern.compile(q.get("regex").asText()), m); // the client looks topics up
        } else if (q.hasNonNull("regex")) {
            consumer.subscribe(new SubscriptionPattern(q.get("regex").asText()), m);
        } else {
            consumer.subscribe(List.of(q.get("topic").asText()), m);
        }
        m.loop.setDaemon(true);
        m.loop.start();
        return m;
    }

    private void run() {
        while (!leaving) {
            try {
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(50))) {
                    next.put(new TopicPartition(r.topic(), r.partition()), new OffsetAndMetadata(r.offset() + 1));
                    synchronized (this) {
                        received.add(r);
                    }
                }
                synchronized (this) {
                    assignment = Set.copyOf(consumer.assignment());
                }
                for (FutureTask<Void> f = orders.poll(); f != null; f = orders.poll()) {
                    f.run();
                }
            } catch (Exception e) {
                synchronized (this) {
                    failure = e;
                }
                return;
            }
        }
    }

    private void order(Runnable r) throws Exception {
        FutureTask<Void> f = new FutureTask<>(r, null);
        orders.add(f);
        f.get();
    }

    @Override
    public void commit() throws Exception {
        order(() -> consumer.commitSync(next));
    }

    @Override
    public void leave() throws Exception {
        order(() -> {
            leaving = true;
            consumer.close();
        });
    }

    @Override
    public synchronized void state(ObjectNode a) throws Exception {
        if (failure != null) {
            throw failure;
        }
        a.withArray("assignment");
        assignment.forEach(tp -> a.withArray("assignment").add(tp.partition()));
        a.withArray("records");
        received.forEach(r -> a.withArray("records").add(Wire.toJson(r)));
        a.put("revoked", revoked);
        received.clear();
    }

    @Override
    public synchronized void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        assignment = Set.copyOf(consumer.assignment());
    }

    @Override
    public synchronized void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        revoked += partitions.size();
        partitions.forEach(next::remove);
    }
}
