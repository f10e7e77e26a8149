package dev.jackdaw.serve.feedback;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// How users and labellers are written into the database: by name, or as a keyed hash (HMAC-SHA-256), which tells them apart without telling
/// who they are. The key is made once and lies in the database, so that all servers of one database agree. Whoever has both the database and
/// a list of names can find out who is who: the hash is a pseudonym, not anonymity.
public final class People {
    private final boolean names;
    private final SecretKeySpec key;

    People(Database database, boolean names) {
        this.names = names;
        byte[] fresh = new byte[32];
        new SecureRandom().nextBytes(fresh);
        String stored = database.jdbi().inTransaction(handle -> {
            handle.createUpdate("insert into secret (name, value) values ('people', :value) on conflict (name) do nothing").bind("value", Base64.getEncoder().encodeToString(fresh)).execute();
            return handle.createQuery("select value from secret where name = 'people'").mapTo(String.class).one();
        });
        key = new SecretKeySpec(Base64.getDecoder().decode(stored), "HmacSHA256");
    }

    /// As a person is stored; empty if nobody is named.
    public String of(String name) {
        return name == null || name.isBlank() ? "" : names ? Columns.clean(name.strip()) : hash(name);
    }

    /// Every form in which a person may be stored, as the setting may have changed: to erase.
    List<String> forms(String name) {
        return List.of(Columns.clean(name.strip()), hash(name));
    }

    private String hash(String name) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return "u-" + HexFormat.of().formatHex(mac.doFinal(name.strip().getBytes(StandardCharsets.UTF_8)), 0, 12);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);                // every JDK has it
        }
    }
}
