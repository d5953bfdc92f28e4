import com.fasterxml.jackson.databind.node.ObjectNode;

/** What is in a group for an agent. */
interface Joined {
    /** Says what it owns, and what it received since the last time. */
    void state(ObjectNode answer) throws Exception;

    /** Commits all that it received. */
    void commit() throws Exception;

    /** Leaves the group. */
    void leave() throws Exception;
}
