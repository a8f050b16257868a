import org.apache.logging.log4j.*;
import org.apache.logging.log4j.message.StructuredDataMessage;

/**
 * Logs numbered messages, with context, by one logger after another:
 *
 *   Log COUNT LOGGER...
 *
 * Every tenth message is structured data. Ends with 0 when no appender threw.
 */
public class Log {
  public static void main(String[] args) {
    try {
      log(args);
    } catch (Exception error) {
      error.printStackTrace();
      System.exit(1);
    }
    LogManager.shutdown();
    // Threads of the clients would keep the process.
    System.exit(0);
  }

  static void log(String[] args) {
    int count = Integer.parseInt(args[0]);
    for (int i = 1; i < args.length; i++) {
      Logger logger = LogManager.getLogger(args[i]);
      for (int n = 0; n < count; n++) {
        ThreadContext.put("request", args[i] + "-" + n);
        ThreadContext.put("user", "Zoë €");
        if (n % 10 == 9) {
          var message = new StructuredDataMessage("Transfer@18060", "transfer " + n, "Audit");
          message.put("amount", Integer.toString(n));
          logger.info(MarkerManager.getMarker("EVENT"), message);
        } else {
          logger.info("message {} naïve 𝄞", n);
        }
      }
    }
  }
}
